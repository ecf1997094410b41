/* SPDX-License-Identifier: MIT
 *
 * Lines of an untrusted log, and the few ways in which the parsers look at one.
 */
#ifndef WATCH_SANITIZER_LINE_H
#define WATCH_SANITIZER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of a longer line only this much is looked at. */
#define SANITIZER_LINE 4096U

struct sanitizer_line {
    const char *input;         /**< the whole log; borrowed, must outlive the line */
    size_t length;             /**< of the log */
    size_t begin;              /**< of this line in the log */
    size_t end;                /**< the first byte of the next line */
    bool dirty;                /**< it was too long, or held bytes that no report holds */
    bool cut;                  /**< it is the last one and has no newline */
    char text[SANITIZER_LINE]; /**< without its newline; bytes that no report holds became '?' */
};

/** Prepares for the first line. */
void sanitizer_line_init(struct sanitizer_line *line, const char *input, size_t length);

/** Moves to the next line: false when there is none. */
bool sanitizer_line_next(struct sanitizer_line *line);

/** What follows the prefix in text, or NULL if text does not begin with it. text may be NULL: then
 *  NULL. */
const char *sanitizer_after(const char *text, const char *prefix);

/** What follows the first place of word in text, or NULL. text may be NULL: then NULL. */
const char *sanitizer_past(const char *text, const char *word);

/** text without leading blanks. */
const char *sanitizer_trim(const char *text);

/** Reads a decimal number, or a hexadecimal one with 0x. What follows it, or NULL if there is none,
 *  or if it does not fit; text may be NULL. */
const char *sanitizer_number(const char *text, uint64_t *number);

/** Copies the bytes from begin up to end (exclusive; NULL: all), cut at size - 1. */
void sanitizer_copy(char *to, size_t size, const char *begin, const char *end);

#endif
