/* SPDX-License-Identifier: MIT
 *
 * The header fields of one request while they are collected: name, zero byte, value, zero byte,
 * and so on, in one buffer. (HTTP/2 forbids zero bytes in both.)
 */
#ifndef TARGET_HEADER_LINES_H
#define TARGET_HEADER_LINES_H

#include "harness/base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/** Above either, too_large is set, and a request is answered with 431. */
#define HEADER_LINES_BYTES ((size_t)32 * 1024)
#define HEADER_LINES_FIELDS 256U

struct header_lines {
    struct buffer text;
    unsigned count;
    bool too_large;
};

/** Adds a field; the first one after a clear sets the ceiling. */
void header_lines_add(struct header_lines *lines, const void *name, size_t name_length,
                      const void *value, size_t value_length);

/** The value of the first field with that name, or NULL. */
const char *header_lines_find(const struct header_lines *lines, const char *name);

/** Adds the JSON object {"method": ..., "path": ..., "headers": {...}} to json. Values of fields
 *  with the same name are joined by ", ". Bytes above 0x7f are taken as Latin-1. */
void header_lines_json(const struct header_lines *lines, struct buffer *json);

/** Frees the text; the lines are empty again. */
void header_lines_clear(struct header_lines *lines);

#endif
