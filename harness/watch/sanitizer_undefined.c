/* SPDX-License-Identifier: MIT
 *
 * Reads what UndefinedBehaviorSanitizer writes: one line, and a stack where it was asked for.
 */
#include "harness/watch/sanitizer_parser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* How messages begin, whatever values follow. Both compilers use these words. */
static const char *const messages[] = {
    "signed integer overflow",
    "unsigned integer overflow",
    "negation of",
    "division by zero",
    "shift exponent",
    "left shift of negative value",
    "left shift of",
    "right shift of",
    "index",
    "load of misaligned address",
    "store to misaligned address",
    "reference binding to misaligned address",
    "member access within misaligned address",
    "constructor call on misaligned address",
    "load of null pointer",
    "store to null pointer",
    "reference binding to null pointer",
    "member access within null pointer",
    "member call on null pointer",
    "null pointer passed as argument",
    "null pointer returned from function declared to never return null",
    "applying zero offset to null pointer",
    "applying non-zero offset",
    "pointer index expression",
    "addition of unsigned offset",
    "subtraction of unsigned offset",
    "variable length array bound",
    "execution reached an unreachable program point",
    "execution reached the end of a value-returning function",
    "passing zero to",
    "call to function",
    "control flow integrity check",
    "implicit conversion",
};

/* For messages of no known beginning: its words up to the first value. */
static void words_of(char *kind, size_t size, const char *text)
{
    size_t length = 0;
    while (text[length] != '\0' && !isdigit((unsigned char)text[length]) &&
           strchr("'\"(,:", text[length]) == NULL) {
        length++;
    }
    sanitizer_kind(kind, size, text, text + length);
}

static void set_kind(struct sanitizer_report *report, const char *text)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (sanitizer_after(text, messages[i]) != NULL) {
            bool index = strcmp(messages[i], "index") == 0;
            sanitizer_kind(report->kind, sizeof(report->kind),
                           index ? "index out of bounds" : messages[i], NULL);
            return;
        }
    }
    bool load = sanitizer_after(text, "load of value ") != NULL;
    const char *type = load ? sanitizer_past(text, "valid value for type ") : NULL;
    if (type != NULL) {
        char words[96];
        (void)snprintf(words, sizeof(words), "load of invalid %.60s", type);
        sanitizer_kind(report->kind, sizeof(report->kind), words, NULL);
        return;
    }
    if (sanitizer_past(text, "is outside the range of representable values") != NULL) {
        sanitizer_copy(report->kind, sizeof(report->kind), "float-cast-overflow", NULL);
        return;
    }
    words_of(report->kind, sizeof(report->kind), text);
    if (report->kind[0] == '\0') {
        sanitizer_copy(report->kind, sizeof(report->kind), "undefined-behavior", NULL);
    }
}

/* "FILE:LINE:COLUMN" in place: false if it is none. */
static bool take_place(char *text, struct stack_frame *frame)
{
    uint64_t numbers[2] = {0, 0};
    for (int i = 1; i >= 0; i--) {
        char *colon = strrchr(text, ':');
        const char *end = colon != NULL ? sanitizer_number(colon + 1, &numbers[i]) : NULL;
        if (end == NULL || *end != '\0' || numbers[i] > UINT32_MAX) {
            return false;
        }
        *colon = '\0';
    }
    frame->file = text;
    frame->line = (uint32_t)numbers[0];
    frame->column = (uint32_t)numbers[1];
    return *text != '\0';
}

bool sanitizer_undefined_begins(struct sanitizer_parser *parser)
{
    const char *text = sanitizer_past(parser->line.text, ": runtime error: ");
    if (text == NULL) {
        return false;
    }
    char place[512];
    sanitizer_copy(place, sizeof(place), parser->line.text, text - strlen(": runtime error: "));
    struct stack_frame frame = {.exact = true};
    bool known = take_place(place, &frame);
    if (!known && strcmp(place, "<unknown>") != 0) {
        return false; /* Ruby and others use the same words. */
    }
    parser->leaks = false;
    struct sanitizer_report *report = sanitizer_parser_begin(parser, SANITIZER_UBSAN, text);
    if (report == NULL) {
        return true;
    }
    set_kind(report, text);
    struct sanitizer_stack *stack = known ? sanitizer_parser_open(parser, "place") : NULL;
    if (stack != NULL) {
        (void)stack_add(&stack->stack, &frame);
    }
    sanitizer_parser_end(parser);
    if (parser->line.cut) {
        sanitizer_report_damage(report, "it is cut off");
    }
    return true;
}
