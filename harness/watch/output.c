/* SPDX-License-Identifier: MIT
 *
 * Head and tail of an unbounded text.
 */
#include "harness/watch/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_AT_ONCE ((size_t)65536)
#define READS_IN_A_ROW 16

void output_open(struct output *output, int fd, uint64_t limit)
{
    struct output fresh = OUTPUT_INIT;
    *output = fresh;
    output->fd = fd;
    output->head.ceiling = (size_t)(limit / 2 > 0 ? limit / 2 : 1);
    output->tail_limit = (size_t)(limit - limit / 2 > 0 ? limit - limit / 2 : 1);
}

/* Writes into the ring; only the last tail_limit bytes matter. */
static void keep_tail(struct output *output, const char *bytes, size_t length)
{
    if (output->tail == NULL) {
        output->tail = malloc(output->tail_limit);
    }
    uint64_t position = output->tail_total;
    output->tail_total += length;
    if (output->tail == NULL) {
        return;
    }
    if (length > output->tail_limit) {
        position += length - output->tail_limit;
        bytes += length - output->tail_limit;
        length = output->tail_limit;
    }
    size_t start = (size_t)(position % output->tail_limit);
    size_t first = output->tail_limit - start < length ? output->tail_limit - start : length;
    memcpy(output->tail + start, bytes, first);
    memcpy(output->tail, bytes + first, length - first);
}

void output_keep(struct output *output, const char *bytes, size_t length)
{
    size_t room = output->head.ceiling - output->head.length;
    size_t first = length < room ? length : room;
    if (first > 0) {
        buffer_add(&output->head, bytes, first);
    }
    if (length > first) {
        keep_tail(output, bytes + first, length - first);
    }
}

void output_drain(struct output *output)
{
    char bytes[READ_AT_ONCE];
    for (int i = 0; i < READS_IN_A_ROW && output->fd >= 0; i++) {
        ssize_t length = read(output->fd, bytes, sizeof bytes);
        if (length > 0) {
            output_keep(output, bytes, (size_t)length);
        } else if (length < 0 && errno == EINTR) {
            continue;
        } else if (length < 0 && errno == EAGAIN) {
            return;
        } else {
            (void)close(output->fd);
            output->fd = -1;
        }
    }
}

static size_t tail_length(const struct output *output)
{
    if (output->tail == NULL) {
        return 0;
    }
    return output->tail_total < output->tail_limit ? (size_t)output->tail_total
                                                   : output->tail_limit;
}

/* Adds the last length bytes of the ring. */
static void add_tail(const struct output *output, size_t length, struct buffer *text)
{
    if (length == 0) {
        return;
    }
    size_t start = (size_t)((output->tail_total - length) % output->tail_limit);
    size_t first = output->tail_limit - start < length ? output->tail_limit - start : length;
    buffer_add(text, output->tail + start, first);
    buffer_add(text, output->tail, length - first);
}

void output_text(const struct output *output, struct buffer *text)
{
    buffer_add(text, buffer_text(&output->head), output->head.length);
    size_t kept = tail_length(output);
    if (output->tail_total > kept) {
        buffer_printf(text, "\n[... %llu bytes left out ...]\n",
                      (unsigned long long)(output->tail_total - kept));
    }
    add_tail(output, kept, text);
}

void output_end(const struct output *output, size_t limit, struct buffer *text)
{
    struct buffer all = BUFFER_INIT;
    size_t kept = tail_length(output);
    if (kept < limit && output->tail_total == kept) {
        size_t more = limit - kept < output->head.length ? limit - kept : output->head.length;
        buffer_add(&all, buffer_text(&output->head) + output->head.length - more, more);
    }
    add_tail(output, kept < limit ? kept : limit, &all);
    const char *start = buffer_text(&all);
    size_t length = all.length;
    const char *line = memchr(start, '\n', length);
    if (output_total(output) > length && line != NULL && line + 1 < start + length) {
        length -= (size_t)(line + 1 - start);
        start = line + 1;
    }
    buffer_add(text, start, length);
    buffer_clear(&all);
}

uint64_t output_total(const struct output *output)
{
    return output->head.length + output->tail_total;
}

void output_release(struct output *output)
{
    if (output->fd >= 0) {
        (void)close(output->fd);
    }
    buffer_clear(&output->head);
    free(output->tail);
    struct output fresh = OUTPUT_INIT;
    *output = fresh;
}
