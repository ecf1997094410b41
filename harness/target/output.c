/* SPDX-License-Identifier: MIT
 *
 * Writes, and keeps what is left.
 */
#include "harness/target/output.h"

#include "harness/target/connection.h"

#include <stdlib.h>
#include <string.h>

size_t output_room(const struct loop *loop)
{
    return sizeof loop->out - loop->out_length;
}

void output_add(struct loop *loop, const void *bytes, size_t length)
{
    memcpy(loop->out + loop->out_length, bytes, length);
    loop->out_length += length;
}

int output_resume(struct connection *connection)
{
    while (connection->unsent != NULL) {
        size_t written;
        enum transport_result result =
            transport_write(&connection->transport, connection->unsent + connection->unsent_offset,
                            connection->unsent_length - connection->unsent_offset, &written);
        if (result != TRANSPORT_OK) {
            return result == TRANSPORT_AGAIN ? 0 : -1;
        }
        connection->unsent_offset += written;
        if (connection->unsent_offset == connection->unsent_length) {
            free(connection->unsent);
            connection->unsent = NULL;
        }
    }
    return 1;
}

static int keep_unsent(struct connection *connection, const uint8_t *bytes, size_t length)
{
    connection->unsent = malloc(length);
    if (connection->unsent == NULL) {
        return -1;
    }
    memcpy(connection->unsent, bytes, length);
    connection->unsent_length = length;
    connection->unsent_offset = 0;
    return 0;
}

int output_write(struct connection *connection)
{
    struct loop *loop = connection->loop;
    size_t offset = 0;
    while (offset < loop->out_length) {
        size_t written;
        enum transport_result result = transport_write(&connection->transport, loop->out + offset,
                                                       loop->out_length - offset, &written);
        if (result == TRANSPORT_AGAIN) {
            return keep_unsent(connection, loop->out + offset, loop->out_length - offset);
        }
        if (result != TRANSPORT_OK) {
            return -1;
        }
        offset += written;
    }
    return 1;
}
