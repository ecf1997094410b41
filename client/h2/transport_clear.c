/* SPDX-License-Identifier: MIT
 *
 * Clear text: HTTP/2 straight on the socket, by prior knowledge (RFC 9113 3.3).
 */
#include "client/h2/transport.h"

#include "client/h2/error.h"

#include <errno.h>

static int clear_start(struct h2_link *link, struct eighth_error *error)
{
    (void)link;
    (void)error;
    return 0;
}

static enum h2_io clear_nothing(struct h2_link *link, struct eighth_error *error)
{
    (void)link;
    (void)error;
    return H2_IO_DONE;
}

static enum h2_io failed(struct h2_link *link, enum h2_io would_block, const char *what,
                         struct eighth_error *error)
{
    int number = link->wire.error;
    if (number == EAGAIN) {
        return would_block;
    }
    (void)h2_error_errno(error, EIGHTH_PHASE_H2, h2_error_class_of_errno(number), number, what);
    return H2_IO_FAILED;
}

static enum h2_io clear_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                             struct eighth_error *error)
{
    ssize_t got = h2_wire_receive(&link->wire, bytes, capacity);
    if (got < 0) {
        return failed(link, H2_IO_WANT_READ, "receive", error);
    }
    *moved = (size_t)got;
    return got == 0 ? H2_IO_END : H2_IO_DONE;
}

static enum h2_io clear_write(struct h2_link *link, const void *bytes, size_t length, size_t *moved,
                              struct eighth_error *error)
{
    ssize_t put = h2_wire_send(&link->wire, bytes, length);
    if (put < 0) {
        return failed(link, H2_IO_WANT_WRITE, "send", error);
    }
    *moved = (size_t)put;
    return H2_IO_DONE;
}

static void clear_release(struct h2_link *link)
{
    (void)link;
}

const struct h2_transport_ops h2_transport_clear = {clear_start, clear_nothing, clear_read,
                                                    clear_write, clear_nothing, clear_release};
