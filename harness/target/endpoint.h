/* SPDX-License-Identifier: MIT
 *
 * The table of endpoints: which paths the target serves, and how each makes its response. One
 * self-describing record each; `eighth list endpoints` prints the same table.
 *
 * Every endpoint takes every method; HEAD gets no body. A query after `?` is ignored. A path that
 * no record matches gets 404, a number that is missing or out of range 400.
 */
#ifndef TARGET_ENDPOINT_H
#define TARGET_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

#define ENDPOINT_NUMBERS 2

struct endpoint {
    const char *form; /**< "/bytes/N", for humans */
    const char *help; /**< one line */
    const char *path; /**< "/bytes": what stands before the numbers */
    unsigned numbers; /**< how many follow */
    /** Ranges of the numbers, both ends included. */
    uint64_t smallest[ENDPOINT_NUMBERS];
    uint64_t greatest[ENDPOINT_NUMBERS];
    bool keeps_body;  /**< the request's body is kept for the response */
    bool wants_lines; /**< the response is made from the request's header lines */
    /** Plans the response of a complete request (see stream.h). */
    void (*answer)(struct stream *stream, const uint64_t *numbers);
};

/** Record i, or NULL beyond the last one. */
const struct endpoint *endpoint_at(size_t i);

/** The endpoint of a path and its numbers, or NULL with *status 404 or 400. numbers has
 *  ENDPOINT_NUMBERS places. */
const struct endpoint *endpoint_find(const char *path, uint64_t *numbers, int *status);

#endif
