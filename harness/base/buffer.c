/* SPDX-License-Identifier: MIT
 *
 * Growth by doubling below a ceiling.
 */
#include "harness/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t ceiling_of(const struct buffer *buffer)
{
    return buffer->ceiling != 0 ? buffer->ceiling : BUFFER_DEFAULT_CEILING;
}

/* Makes room for length more bytes and the zero byte; returns how many of them fit. */
static size_t reserve(struct buffer *buffer, size_t length)
{
    size_t room = ceiling_of(buffer) - buffer->length;
    if (length > room) {
        length = room;
        buffer->truncated = true;
    }
    size_t needed = buffer->length + length + 1;
    if (needed <= buffer->capacity) {
        return length;
    }
    size_t capacity = buffer->capacity != 0 ? buffer->capacity : 256;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *text = realloc(buffer->text, capacity);
    if (text == NULL) {
        buffer->truncated = true;
        return 0;
    }
    buffer->text = text;
    buffer->capacity = capacity;
    buffer->text[buffer->length] = '\0'; /* also when nothing is added after all */
    return length;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    size_t fits = reserve(buffer, length);
    if (fits == 0) {
        return;
    }
    memcpy(buffer->text + buffer->length, bytes, fits);
    buffer->length += fits;
    buffer->text[buffer->length] = '\0';
}

void buffer_puts(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        /* The zero byte of vsnprintf needs the one place that reserve keeps anyway. */
        size_t fits = reserve(buffer, (size_t)length);
        if (fits != 0) {
            (void)vsnprintf(buffer->text + buffer->length, fits + 1, format, again);
            buffer->length += fits;
        }
    }
    va_end(again);
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->text != NULL ? buffer->text : "";
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->text);
    buffer->text = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    buffer->truncated = false;
}
