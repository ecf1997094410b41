/* SPDX-License-Identifier: MIT
 *
 * What a process writes to its standard output or error, kept within bounds: the first and the last
 * bytes stay, what lies between is only counted.
 */
#ifndef WATCH_OUTPUT_H
#define WATCH_OUTPUT_H

#include "harness/base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    int fd;              /**< read end, non-blocking; -1: none, or ended */
    struct buffer head;  /**< the first limit / 2 bytes */
    char *tail;          /**< ring of the last bytes after head; NULL until needed */
    size_t tail_limit;   /**< size of the ring */
    uint64_t tail_total; /**< bytes that ever went to the ring */
};

#define OUTPUT_INIT                 \
    {                               \
        -1, BUFFER_INIT, NULL, 0, 0 \
    }

/** Takes over fd. limit: bytes to keep. The output must be fresh or released. */
void output_open(struct output *output, int fd, uint64_t limit);

/** Reads what is there without blocking, at most a few pipes' worth in one call so that a process
 *  that never stops writing cannot hold up its watcher. Closes fd at the end of the data. */
void output_drain(struct output *output);

/** Keeps bytes as if they had been read. */
void output_keep(struct output *output, const char *bytes, size_t length);

/** Adds all that was kept to *text; a line tells how much is missing in between. */
void output_text(const struct output *output, struct buffer *text);

/** Adds the last bytes, at most limit, beginning at a line where possible. */
void output_end(const struct output *output, size_t limit, struct buffer *text);

/** All bytes written, those not kept included. */
uint64_t output_total(const struct output *output);

/** Closes and frees; leaves it as OUTPUT_INIT does. */
void output_release(struct output *output);

#endif
