/* SPDX-License-Identifier: MIT
 *
 * Reads what UndefinedBehaviorSanitizer writes: one line, and a stack where it was asked for.
 */
#include "harness/watch/sanitizer_parser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* How messages begin, whatever values follow, and which words these must hold where the begin alone
 * is one of plain English. Both compilers use these words. */
static const struct {
    const char *begin;
    const char *later; /* NULL: the begin is enough */
    const char *kind;  /* NULL: made of the begin */
} messages[] = {
    {"signed integer overflow", NULL, NULL},
    {"unsigned integer overflow", NULL, NULL},
    {"negation of", " cannot be represented in type ", NULL},
    {"division by zero", NULL, NULL},
    {"shift exponent", NULL, NULL},
    {"left shift of negative value", NULL, NULL},
    {"left shift of", " by ", NULL},
    {"right shift of", " by ", NULL},
    {"index", " out of bounds for type ", "index-out-of-bounds"},
    {"load of misaligned address", NULL, NULL},
    {"store to misaligned address", NULL, NULL},
    {"reference binding to misaligned address", NULL, NULL},
    {"member access within misaligned address", NULL, NULL},
    {"constructor call on misaligned address", NULL, NULL},
    {"load of null pointer", NULL, NULL},
    {"store to null pointer", NULL, NULL},
    {"reference binding to null pointer", NULL, NULL},
    {"member access within null pointer", NULL, NULL},
    {"member call on null pointer", NULL, NULL},
    {"null pointer passed as argument", NULL, NULL},
    {"null pointer returned from function declared to never return null", NULL, NULL},
    {"applying zero offset to null pointer", NULL, NULL},
    {"applying non-zero offset", NULL, NULL},
    {"pointer index expression", NULL, NULL},
    {"addition of unsigned offset", NULL, NULL},
    {"subtraction of unsigned offset", NULL, NULL},
    {"variable length array bound", NULL, NULL},
    {"execution reached an unreachable program point", NULL, NULL},
    {"execution reached the end of a value-returning function", NULL, NULL},
    {"passing zero to", ", which is not a valid", NULL},
    {"call to function", " through pointer to incorrect function type", NULL},
    {"control flow integrity check", NULL, NULL},
    {"implicit conversion", " from type ", NULL},
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

/* Parts of messages that begin with what the compiler calls the access. */
static const char *const parts[] = {
    "which does not point to an object of type",
    "with insufficient space for an object of type",
    "byte alignment for pointer",
    "cannot be represented in type",
    "null pointer of type",
    "misaligned address",
    "which is not a valid argument",
};

static bool is_listed(struct sanitizer_report *report, const char *text)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        const char *rest = sanitizer_after(text, messages[i].begin);
        if (rest != NULL &&
            (messages[i].later == NULL || sanitizer_past(rest, messages[i].later) != NULL)) {
            const char *kind = messages[i].kind != NULL ? messages[i].kind : messages[i].begin;
            sanitizer_kind(report->kind, sizeof(report->kind), kind, NULL);
            return true;
        }
    }
    return false;
}

static bool holds_part(const char *text)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (sanitizer_past(text, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Sets known, too. */
static void set_kind(struct sanitizer_report *report, const char *text)
{
    report->known = true;
    if (is_listed(report, text)) {
        return;
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
    report->known = holds_part(text);
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
