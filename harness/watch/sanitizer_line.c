/* SPDX-License-Identifier: MIT
 *
 * Cuts a log into lines that are safe to look at as strings.
 */
#include "harness/watch/sanitizer_line.h"

#include <string.h>

void sanitizer_line_init(struct sanitizer_line *line, const char *input, size_t length)
{
    line->input = input;
    line->length = length;
    line->begin = line->end = 0;
    line->dirty = line->cut = false;
    line->text[0] = '\0';
}

bool sanitizer_line_next(struct sanitizer_line *line)
{
    if (line->end >= line->length) {
        return false;
    }
    line->begin = line->end;
    const char *start = line->input + line->begin;
    const char *newline = memchr(start, '\n', line->length - line->begin);
    size_t length = newline != NULL ? (size_t)(newline - start) : line->length - line->begin;
    line->cut = newline == NULL;
    line->end = line->begin + length + (newline != NULL ? 1 : 0);
    if (length != 0 && start[length - 1] == '\r') {
        length--;
    }
    line->dirty = length >= SANITIZER_LINE;
    length = length < SANITIZER_LINE ? length : SANITIZER_LINE - 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)start[i];
        bool odd = (byte < ' ' && byte != '\t' && byte != '\x1b') || byte == 0x7f;
        line->dirty = line->dirty || odd;
        line->text[i] = odd ? '?' : start[i];
    }
    line->text[length] = '\0';
    return true;
}

const char *sanitizer_after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text != NULL && strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

const char *sanitizer_past(const char *text, const char *word)
{
    const char *found = text != NULL ? strstr(text, word) : NULL;
    return found != NULL ? found + strlen(word) : NULL;
}

const char *sanitizer_trim(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

static int digit_of(char character, unsigned base)
{
    int digit = -1;
    if (character >= '0' && character <= '9') {
        digit = character - '0';
    } else if (base == 16 && (character | 0x20) >= 'a' && (character | 0x20) <= 'f') {
        digit = (character | 0x20) - 'a' + 10;
    }
    return digit;
}

const char *sanitizer_number(const char *text, uint64_t *number)
{
    if (text == NULL) {
        return NULL;
    }
    unsigned base = 10;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    uint64_t value = 0;
    const char *at = text;
    for (int digit; (digit = digit_of(*at, base)) >= 0; at++) {
        if (value > (UINT64_MAX - (unsigned)digit) / base) {
            return NULL;
        }
        value = value * base + (unsigned)digit;
    }
    if (at == text) {
        return NULL;
    }
    *number = value;
    return at;
}

void sanitizer_copy(char *to, size_t size, const char *begin, const char *end)
{
    size_t length = end != NULL ? (size_t)(end - begin) : strlen(begin);
    length = length < size ? length : size - 1;
    memcpy(to, begin, length);
    to[length] = '\0';
}
