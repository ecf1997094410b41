/* SPDX-License-Identifier: MIT
 *
 * A growing text: bytes, always ended by a zero byte that its length does not count, never above
 * its ceiling.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *text;      /**< NULL until something is added */
    size_t length;   /**< bytes, without the zero byte */
    size_t capacity; /**< bytes allocated */
    size_t ceiling;  /**< most bytes it may hold; 0 means BUFFER_DEFAULT_CEILING */
    bool truncated;  /**< something did not fit, or no memory was left: it was cut there */
};

#define BUFFER_DEFAULT_CEILING ((size_t)64 << 20)

/** A zeroed buffer is empty and ready. */
#define BUFFER_INIT          \
    {                        \
        NULL, 0, 0, 0, false \
    }

/** Adds bytes; what does not fit is cut and truncated is set. */
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_puts(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The text, "" when empty. Valid until the next change. */
const char *buffer_text(const struct buffer *buffer);

/** Frees the contents and makes it empty again; the ceiling stays. */
void buffer_clear(struct buffer *buffer);

#endif
