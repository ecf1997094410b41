/* SPDX-License-Identifier: MIT
 *
 * Goes through stderr line by line and gives each to the runtime whose report it is.
 */
#include "harness/watch/foreign_report.h"
#include "harness/watch/foreign_runtime.h"

#include <string.h>

static const struct foreign_runtime *const runtimes[] = {
    &foreign_valgrind, &foreign_crystal, &foreign_go,   &foreign_rust,
    &foreign_python,   &foreign_java,    &foreign_node,
};

#define RUNTIMES (sizeof(runtimes) / sizeof(runtimes[0]))

struct sanitizer_report *foreign_begin(struct sanitizer_parser *parser, enum sanitizer_tool tool,
                                       const char *kind, const char *title)
{
    struct sanitizer_report *report = sanitizer_parser_begin(parser, tool, title);
    if (report == NULL) {
        return NULL;
    }
    sanitizer_copy(report->kind, sizeof(report->kind), kind, NULL);
    report->end = parser->line.end;
    /* Runtimes write no last words: whatever follows, the report has begun and that is enough. */
    sanitizer_parser_end(parser);
    return report;
}

void foreign_add_frame(struct sanitizer_parser *parser, const struct stack_frame *frame)
{
    if (!parser->stack_open && sanitizer_parser_open(parser, "access") == NULL) {
        return;
    }
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    (void)stack_add(&report->stacks[report->count - 1].stack, frame);
}

void foreign_add(struct sanitizer_parser *parser, const char *function, const char *file,
                 uint32_t line)
{
    char name[512];
    char path[512];
    struct stack_frame frame = {.line = line};
    if (function != NULL && *function != '\0') {
        sanitizer_copy(name, sizeof(name), function, NULL);
        frame.function = name;
    }
    if (file != NULL && *file != '\0') {
        sanitizer_copy(path, sizeof(path), file, NULL);
        frame.file = path;
    }
    foreign_add_frame(parser, &frame);
}

void foreign_take_place(char *file, struct stack_frame *frame)
{
    uint64_t numbers[2] = {0, 0};
    int count = 0;
    while (count < 2) {
        char *colon = strrchr(file, ':');
        const char *end = colon != NULL ? sanitizer_number(colon + 1, &numbers[count]) : NULL;
        if (end == NULL || *end != '\0' || numbers[count] > UINT32_MAX) {
            break;
        }
        *colon = '\0';
        count++;
    }
    frame->file = *file != '\0' ? file : NULL;
    frame->line = (uint32_t)(count == 2 ? numbers[1] : count == 1 ? numbers[0] : 0);
    frame->column = (uint32_t)(count == 2 ? numbers[0] : 0);
}

static const struct foreign_runtime *runtime_of(const struct sanitizer_report *report)
{
    for (size_t i = 0; report != NULL && i < RUNTIMES; i++) {
        if (runtimes[i]->tool == report->tool) {
            return runtimes[i];
        }
    }
    return NULL;
}

static void check_line(struct sanitizer_parser *parser)
{
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    if (report == NULL) {
        return;
    }
    report->end = parser->line.end;
    if (parser->line.dirty || parser->line.cut) {
        sanitizer_report_damage(report, parser->line.dirty ? "it holds bytes of something else"
                                                           : "it is cut off");
    }
}

bool foreign_has_stack(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    (void)parser;
    return report->count != 0;
}

/* Nothing more belongs to the report that is being read, if one is. */
static void end_report(struct sanitizer_parser *parser)
{
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    const struct foreign_runtime *runtime = runtime_of(report);
    bool kept = runtime == NULL || runtime->ends == NULL || runtime->ends(parser, report);
    sanitizer_parser_close_stack(parser);
    parser->reading = false;
    if (!kept) { /* It has no stacks, so it owns nothing. */
        parser->log->count--;
        parser->first_open = parser->log->count;
    }
}

static void take_line(struct sanitizer_parser *parser)
{
    struct sanitizer_report *report = sanitizer_parser_report(parser);
    const struct foreign_runtime *runtime = runtime_of(report);
    if (runtime != NULL && runtime->line(parser, report)) {
        check_line(parser);
        return;
    }
    end_report(parser);
    for (size_t i = 0; i < RUNTIMES; i++) {
        if (runtimes[i]->begins(parser)) {
            check_line(parser);
            return;
        }
    }
}

void foreign_parse(const char *text, size_t length, struct sanitizer_log *log)
{
    struct sanitizer_parser parser = {.log = log, .first_open = log->count};
    sanitizer_line_init(&parser.line, text, length);
    while (sanitizer_line_next(&parser.line)) {
        take_line(&parser);
    }
    end_report(&parser);
}
