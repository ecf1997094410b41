/* SPDX-License-Identifier: MIT
 *
 * Reads the panics of Go and of Rust: both write the function on one line, its place on the next.
 */
#include "harness/watch/foreign_runtime.h"

#include <string.h>

/* Gives the last frame of the open stack, which had none yet, its place. */
static void place_last(struct sanitizer_parser *parser, struct sanitizer_report *report, char *file)
{
    if (!parser->stack_open || report->count == 0) {
        return;
    }
    struct stack *stack = &report->stacks[report->count - 1].stack;
    struct stack_frame *last = stack->count != 0 ? &stack->frames[stack->count - 1] : NULL;
    if (last == NULL || last->file != NULL || stack->truncated) {
        return;
    }
    struct stack_frame place = {.line = 0};
    foreign_take_place(file, &place);
    if (place.file != NULL) {
        last->file = strdup(place.file);
        last->line = place.line;
        last->column = place.column;
    }
}

/* ---- Go ------------------------------------------------------------------------------------- */

static bool go_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    const char *kind = NULL;
    if (sanitizer_after(line, "panic: ") != NULL) {
        kind = "panic";
    } else if (sanitizer_after(line, "fatal error: ") != NULL) {
        kind = "fatal-error";
    } else if (sanitizer_after(line, "SIGSEGV: segmentation violation") != NULL ||
               sanitizer_after(line, "SIGABRT: abort") != NULL ||
               sanitizer_after(line, "SIGQUIT: quit") != NULL) {
        kind = "signal";
    }
    if (kind != NULL) {
        (void)foreign_begin(parser, SANITIZER_GO, kind, line);
    }
    return kind != NULL;
}

/* "goroutine 7 [chan receive]:" */
static bool take_goroutine(struct sanitizer_parser *parser, struct sanitizer_report *report,
                           const char *line)
{
    const char *number = sanitizer_after(line, "goroutine ");
    if (number == NULL || sanitizer_past(number, " [") == NULL) {
        return false;
    }
    struct sanitizer_stack *stack =
        sanitizer_parser_open(parser, report->count == 0 ? "access" : "thread");
    if (stack != NULL) {
        parser->stack_optional = true;
        size_t length = strcspn(line, "[");
        length -= length != 0 ? 1 : 0;
        sanitizer_copy(stack->stack.name, sizeof(stack->stack.name), line, line + length);
    }
    return true;
}

/* "main.(*reader).read(0xc000, 0x1)": the arguments are no part of the name. */
static bool take_go_function(struct sanitizer_parser *parser, char *line)
{
    size_t length = strlen(line);
    bool creator = sanitizer_after(line, "created by ") != NULL;
    if (creator) {
        char *in = strstr(line, " in goroutine ");
        if (in != NULL) {
            *in = '\0';
        }
        foreign_add(parser, line + strlen("created by "), NULL, 0);
        return true;
    }
    char *bracket = strrchr(line, '(');
    if (bracket == NULL || bracket == line || line[length - 1] != ')') {
        return false;
    }
    *bracket = '\0';
    foreign_add(parser, line, NULL, 0);
    return true;
}

static bool go_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    char *line = parser->line.text;
    if (take_goroutine(parser, report, line)) {
        return true;
    }
    if (sanitizer_after(line, "exit status ") != NULL) {
        return false;
    }
    if (line[0] == '\t') {
        char *file = line + strspn(line, "\t ");
        file[strcspn(file, " ")] = '\0';
        place_last(parser, report, file);
        return true;
    }
    if (line[0] == '\0') {
        return true;
    }
    if (parser->stack_open) {
        return take_go_function(parser, line) || sanitizer_after(line, "...") != NULL;
    }
    const char *address = sanitizer_past(line, " addr=");
    if (sanitizer_after(line, "[signal ") != NULL) {
        report->has_address = sanitizer_number(address, &report->address) != NULL;
        return true;
    }
    /* "panic: a\n\tpanic: b", "runtime stack:", registers */
    return parser->line.begin - report->begin < SANITIZER_LINE;
}

const struct foreign_runtime foreign_go = {SANITIZER_GO, go_begins, go_line, foreign_has_stack};

/* ---- Rust ----------------------------------------------------------------------------------- */

/* The number of the thread is another in each process. */
static void cut_thread_number(char *title)
{
    char *number = strstr(title, "' (");
    char *end = number != NULL ? strstr(number, ") panicked at ") : NULL;
    if (end != NULL && strspn(number + 3, "0123456789") == (size_t)(end - (number + 3))) {
        memmove(number + 1, end + 1, strlen(end + 1) + 1);
    }
}

/* "thread 'main' (17) panicked at src/main.rs:2:5:" and its older forms */
static bool rust_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    const char *name = sanitizer_after(line, "thread '");
    bool panics = sanitizer_past(name, " panicked at ") != NULL;
    bool overflows = sanitizer_past(name, " has overflowed its stack") != NULL;
    if (!panics && !overflows) {
        return false;
    }
    struct sanitizer_report *report =
        foreign_begin(parser, SANITIZER_RUST, panics ? "panic" : "stack-overflow", line);
    if (report != NULL && panics) {
        cut_thread_number(report->title);
        sanitizer_copy(report->object, sizeof(report->object),
                       sanitizer_past(name, " panicked at "), NULL);
    }
    return true;
}

/* "   3: crate::reader::read" */
static bool take_rust_function(struct sanitizer_parser *parser, char *line)
{
    uint64_t number = 0;
    char *text = line + strspn(line, " ");
    const char *rest = sanitizer_number(text, &number);
    if (rest == NULL || rest[0] != ':' || rest[1] != ' ' || text == line) {
        return false;
    }
    char *name = text + (rest + 2 - text);
    name += strspn(name, " ");
    struct stack_frame frame = {.line = 0};
    if (name[0] == '0' && name[1] == 'x') {
        rest = sanitizer_number(name, &frame.pc);
        const char *after = sanitizer_after(rest, " - ");
        name += after != NULL ? after - name : 0;
    }
    frame.function = strcmp(name, "<unknown>") != 0 ? name : NULL;
    foreign_add_frame(parser, &frame);
    return true;
}

/* Since Rust 1.73 the message has a line of its own, below one that ends in a colon. */
static void take_rust_message(struct sanitizer_report *report, const char *message)
{
    size_t length = strlen(report->title);
    if (length > 0 && report->title[length - 1] == ':' && length + 2 < sizeof report->title) {
        report->title[length] = ' ';
        sanitizer_copy(report->title + length + 1, sizeof report->title - length - 1, message,
                       NULL);
    }
}

static bool rust_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    char *line = parser->line.text;
    char *text = line + strspn(line, " ");
    if (!parser->stack_open) {
        if (sanitizer_after(line, "stack backtrace:") != NULL) {
            (void)sanitizer_parser_open(parser, "access");
            return true;
        }
        /* The message stands between: it may have lines of its own, but not many. */
        bool message = report->count == 0 && sanitizer_after(line, "note: run with") == NULL &&
                       sanitizer_after(line, "thread '") == NULL &&
                       parser->line.begin - report->begin < SANITIZER_LINE;
        if (message) {
            take_rust_message(report, line);
        }
        return message;
    }
    if (text != line && sanitizer_after(text, "at ") != NULL) {
        place_last(parser, report, text + 3);
        return true;
    }
    return take_rust_function(parser, line);
}

const struct foreign_runtime foreign_rust = {SANITIZER_RUST, rust_begins, rust_line, NULL};
