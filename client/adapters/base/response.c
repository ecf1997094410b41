/* SPDX-License-Identifier: MIT
 *
 * Which of what a server sends has room.
 */
#include "client/adapters/base/response.h"

#include <string.h>
#include <strings.h>

void response_add_body(struct eighth_response *response, const void *bytes, size_t length)
{
    if (response->body_length < response->body_capacity) {
        size_t room = response->body_capacity - response->body_length;
        memcpy((char *)response->body + response->body_length, bytes,
               length < room ? length : room);
    }
    response->body_length += length;
}

void response_take_header(struct eighth_response *response, const char *name, const char *value,
                          size_t length)
{
    for (size_t i = 0; i < response->header_count; i++) {
        struct eighth_header_slot *slot = &response->headers[i];
        if (strcasecmp(slot->name, name) == 0 && slot->capacity > 0) {
            size_t fits = length < slot->capacity ? length : slot->capacity - 1;
            memcpy(slot->value, value, fits);
            slot->value[fits] = '\0';
            slot->present = 1;
        }
    }
}
