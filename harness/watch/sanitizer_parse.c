/* SPDX-License-Identifier: MIT
 *
 * Reads a log line by line: where reports begin and end, which stack a frame belongs to, and
 * whether a report can be trusted to be one.
 */
#include "harness/watch/sanitizer_frame.h"
#include "harness/watch/sanitizer_parser.h"

#include <ctype.h>
#include <string.h>

struct sanitizer_report *sanitizer_parser_report(struct sanitizer_parser *parser)
{
    return parser->reading ? &parser->log->reports[parser->log->count - 1] : NULL;
}

void sanitizer_parser_interrupt(struct sanitizer_parser *parser, const char *reason)
{
    for (uint32_t i = parser->first_open; i < parser->log->count; i++) {
        sanitizer_report_damage(&parser->log->reports[i], reason);
    }
    parser->first_open = parser->log->count;
}

void sanitizer_kind(char *kind, size_t size, const char *begin, const char *end)
{
    size_t length = 0;
    for (; begin != end && *begin != '\0' && length < size - 1; begin++) {
        if (isalnum((unsigned char)*begin)) {
            kind[length++] = (char)tolower((unsigned char)*begin);
        } else if (length != 0 && kind[length - 1] != '-') {
            kind[length++] = '-';
        }
    }
    while (length != 0 && kind[length - 1] == '-') {
        length--;
    }
    kind[length] = '\0';
}

struct sanitizer_report *sanitizer_parser_begin(struct sanitizer_parser *parser,
                                                enum sanitizer_tool tool, const char *title)
{
    sanitizer_parser_close_stack(parser);
    bool within = parser->first_open < parser->log->count && !parser->leaks;
    if (within) {
        sanitizer_parser_interrupt(parser, "another report begins in it");
    }
    parser->reading = false;
    struct sanitizer_report *report = sanitizer_log_add(parser->log, tool, parser->line.begin);
    if (report == NULL) {
        return NULL;
    }
    parser->reading = true;
    parser->ended = false;
    parser->kind_guessed = false;
    sanitizer_copy(report->title, sizeof(report->title), title, NULL);
    size_t length = strlen(report->title);
    while (length != 0 && report->title[length - 1] == ' ') {
        report->title[--length] = '\0';
    }
    if (within) {
        sanitizer_report_damage(report, "it begins within another report");
    }
    return report;
}

struct sanitizer_stack *sanitizer_parser_open(struct sanitizer_parser *parser, const char *role)
{
    sanitizer_parser_close_stack(parser);
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    struct sanitizer_stack *stack = report != NULL ? sanitizer_report_add(report, role) : NULL;
    parser->stack_open = stack != NULL;
    parser->stack_optional = false;
    parser->next_frame = 0;
    return stack;
}

struct sanitizer_stack *sanitizer_parser_open_once(struct sanitizer_parser *parser,
                                                   const char *role)
{
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    if (report != NULL && sanitizer_report_find(report, role) != NULL) {
        sanitizer_report_damage(report, "it tells the same stack twice");
    }
    return sanitizer_parser_open(parser, role);
}

void sanitizer_parser_close_stack(struct sanitizer_parser *parser)
{
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    if (!parser->stack_open || report == NULL) {
        return;
    }
    struct stack *stack = &report->stacks[report->count - 1].stack;
    stack_judge(stack);
    if (stack->count == 0 && !parser->stack_optional) {
        sanitizer_report_damage(report, "a stack has no frames");
    }
    parser->stack_open = false;
}

void sanitizer_parser_end(struct sanitizer_parser *parser)
{
    sanitizer_parser_close_stack(parser);
    parser->first_open = parser->log->count;
    parser->ended = true;
    parser->leaks = false;
}

void sanitizer_parser_thread(struct sanitizer_stack *stack, const char *text)
{
    if (stack == NULL || text == NULL) {
        return;
    }
    const char *end = sanitizer_after(text, "main thread");
    text = sanitizer_after(text, "thread ") != NULL ? text + strlen("thread ") : text;
    end = end != NULL ? end : text + strcspn(text, " :(),.");
    sanitizer_copy(stack->stack.name, sizeof(stack->stack.name), text, end);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void take_frame(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    struct stack_frame frame;
    uint32_t number;
    const char *text = sanitizer_trim(parser->line.text);
    bool mixed = strstr(text + 1, " #0 ") != NULL || strstr(text, "Sanitizer: ") != NULL;
    if (mixed || parser->line.dirty || parser->line.cut ||
        sanitizer_frame_parse(parser->line.text, &number, &frame) != 0) {
        sanitizer_report_damage(report, "a frame cannot be read");
        return;
    }
    bool first = report->count == 0 || report->tool == SANITIZER_UBSAN;
    if (!parser->stack_open && number == 0 && first &&
        sanitizer_report_find(report, "access") == NULL) {
        (void)sanitizer_parser_open(parser, "access");
    }
    if (!parser->stack_open || number != parser->next_frame) {
        sanitizer_report_damage(report, "frames are missing or belong to another stack");
        return;
    }
    parser->next_frame++;
    (void)stack_add(&report->stacks[report->count - 1].stack, &frame);
}

/* ---- the end -------------------------------------------------------------------------------- */

static const char *function_of(const char *name)
{
    const char *plain = sanitizer_after(name, "__interceptor_");
    return plain != NULL ? plain : name;
}

/* A summary names the function of the bug: if no frame of the first stack has it, the lines of two
 * reports are mixed. */
static bool summary_fits(const struct sanitizer_report *report, const char *text)
{
    const char *name = sanitizer_past(text, " in ");
    if (name == NULL || *name == '\0' || report->count == 0) {
        return true;
    }
    const struct stack *stack = &report->stacks[0].stack;
    uint32_t named = 0;
    for (uint32_t i = 0; i < stack->count; i++) {
        const char *function = stack->frames[i].function;
        named += function != NULL;
        if (function != NULL && strcmp(function_of(function), function_of(name)) == 0) {
            return true;
        }
    }
    return named == 0 || stack->truncated;
}

static void check_summary(struct sanitizer_parser *parser, struct sanitizer_report *report,
                          const char *text)
{
    char kind[sizeof(report->kind)];
    const char *end = text + strcspn(text, " ");
    if (report->tool == SANITIZER_TSAN) {
        sanitizer_kind(kind, sizeof(kind), text, NULL);
        if (sanitizer_after(kind, report->kind) == NULL) {
            sanitizer_report_damage(report, "its summary tells of another bug");
        }
    } else if (report->tool != SANITIZER_UBSAN) {
        sanitizer_copy(kind, sizeof(kind), text, end);
        if (parser->kind_guessed) {
            sanitizer_copy(report->kind, sizeof(report->kind), kind, NULL);
        } else if (strcmp(kind, report->kind) != 0) {
            sanitizer_report_damage(report, "its summary tells of another bug");
        }
    }
    if (report->tool != SANITIZER_UBSAN && !summary_fits(report, text)) {
        sanitizer_report_damage(report, "its summary tells of another function");
    }
}

static enum sanitizer_tool summary_tool(const char *text)
{
    static const struct {
        const char *name;
        enum sanitizer_tool tool;
    } tools[] = {
        {"AddressSanitizer: ", SANITIZER_ASAN},
        {"LeakSanitizer: ", SANITIZER_LSAN},
        {"ThreadSanitizer: ", SANITIZER_TSAN},
        {"MemorySanitizer: ", SANITIZER_MSAN},
        {"UndefinedBehaviorSanitizer: ", SANITIZER_UBSAN},
    };
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        if (sanitizer_after(text, tools[i].name) != NULL) {
            return tools[i].tool;
        }
    }
    return SANITIZER_NONE;
}

static bool take_summary(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    const char *text = sanitizer_past(parser->line.text, "SUMMARY: ");
    enum sanitizer_tool tool = text != NULL ? summary_tool(text) : SANITIZER_NONE;
    if (tool == SANITIZER_NONE) {
        return false;
    }
    sanitizer_parser_close_stack(parser);
    if (parser->ended && report->tool != SANITIZER_UBSAN) {
        sanitizer_report_damage(report, "a second summary follows");
    }
    bool of_leaks = parser->leaks && sanitizer_past(text, "leaked in") != NULL;
    if (parser->line.dirty || parser->line.cut ||
        sanitizer_after(parser->line.text, "SUMMARY: ") == NULL) {
        sanitizer_report_damage(report, "its summary is not whole");
    } else if (!of_leaks && tool != report->tool && report->tool != SANITIZER_UBSAN) {
        sanitizer_report_damage(report, "its summary is another tool's");
    } else if (!of_leaks) {
        check_summary(parser, report, sanitizer_past(text, "Sanitizer: "));
    }
    report->end = parser->line.end;
    sanitizer_parser_end(parser);
    return true;
}

/* Lines that may follow the summary and still belong to the report. */
static bool is_extra(const char *text)
{
    static const char *const extras[] = {"Shadow ", "  ", "=>0x", "Thread T", "=="};
    for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
        if (sanitizer_after(text, extras[i]) != NULL) {
            return true;
        }
    }
    return *text == '\0';
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool begins(struct sanitizer_parser *parser)
{
    return sanitizer_address_begins(parser) || sanitizer_thread_begins(parser) ||
           sanitizer_memory_begins(parser) || sanitizer_undefined_begins(parser);
}

static bool tool_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    if (report->tool == SANITIZER_TSAN && sanitizer_thread_line(parser, report)) {
        return true;
    }
    if (report->tool == SANITIZER_MSAN && sanitizer_memory_line(parser, report)) {
        return true;
    }
    return sanitizer_address_line(parser, report);
}

/* True if a report whose last words came is over with this line. */
static bool is_over(const struct sanitizer_report *report, const char *text)
{
    if (report->tool == SANITIZER_ASAN) {
        return !is_extra(text);
    }
    /* Between an undefined behaviour and its stack stand the bytes that it is about. */
    bool note = text[0] == ' ' || strstr(text, ": note: ") != NULL;
    return report->tool != SANITIZER_UBSAN || !note ||
           sanitizer_report_find(report, "access") != NULL;
}

/* A line that says nothing by itself. */
static void other_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    sanitizer_parser_close_stack(parser);
    bool over = is_over(report, parser->line.text);
    if (parser->ended && over) {
        parser->reading = false;
    } else {
        report->end = parser->line.end;
    }
}

static void take_line(struct sanitizer_parser *parser)
{
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    bool frame = sanitizer_frame_is(parser->line.text);
    if (!frame && begins(parser)) {
        report = sanitizer_parser_report(parser);
        if (report != NULL) {
            report->end = parser->line.end;
            if (parser->line.dirty) {
                sanitizer_report_damage(report, "its first line cannot be read");
            }
        }
        return;
    }
    if (report == NULL) {
        return;
    }
    if (parser->line.dirty || (parser->line.cut && !parser->ended)) {
        sanitizer_report_damage(report, parser->line.dirty ? "it holds bytes of something else"
                                                           : "it is cut off");
    }
    if (frame) {
        report->end = parser->line.end;
        take_frame(parser, report);
    } else if (take_summary(parser, report) || tool_line(parser, report)) {
        report = sanitizer_parser_report(parser);
        if (report != NULL) {
            report->end = parser->line.end;
        }
    } else {
        other_line(parser, report);
    }
}

void sanitizer_parse(const char *text, size_t length, struct sanitizer_log *log)
{
    struct sanitizer_parser parser = {.log = log, .first_open = log->count};
    sanitizer_line_init(&parser.line, text, length);
    while (sanitizer_line_next(&parser.line)) {
        take_line(&parser);
    }
    sanitizer_parser_close_stack(&parser);
    sanitizer_parser_interrupt(&parser, "it is cut off");
}
