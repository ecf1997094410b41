/* SPDX-License-Identifier: MIT
 *
 * Reads what AddressSanitizer and LeakSanitizer write, and the signals that the other sanitizers
 * report in the same words.
 */
#include "harness/watch/sanitizer_parser.h"

#include <stdio.h>
#include <string.h>

/* "==PID==": what follows it, and the pid; or NULL. */
static const char *after_pid(const char *line, int64_t *pid)
{
    uint64_t number = 0;
    const char *rest = sanitizer_number(sanitizer_after(line, "=="), &number);
    rest = sanitizer_after(rest, "==");
    *pid = rest != NULL && number <= INT32_MAX ? (int64_t)number : 0;
    return rest;
}

/* How a report's first line begins, where that is not its kind, and what its summary calls it. */
static const struct phrase {
    const char *text;
    const char *kind;
} phrases[] = {
    {"attempting double-free", "double-free"},
    {"attempting free on address which was not malloc()-ed", "bad-free"},
    {"attempting to call malloc_usable_size()", "bad-malloc_usable_size"},
    {"attempting to call __sanitizer_get_allocated_size()", "bad-__sanitizer_get_allocated_size"},
    {"requested allocation size", "allocation-size-too-big"},
    {"calloc parameters overflow", "calloc-overflow"},
    {"reallocarray parameters overflow", "reallocarray-overflow"},
    {"pvalloc parameters overflow", "pvalloc-overflow"},
    {"invalid allocation alignment", "invalid-allocation-alignment"},
    {"invalid posix_memalign alignment", "invalid-posix-memalign-alignment"},
    {"invalid alignment requested in aligned_alloc", "invalid-aligned-alloc-alignment"},
    {"allocator is out of memory", "out-of-memory"},
    {"out of memory", "out-of-memory"},
    {"specified RSS limit exceeded", "rss-limit-exceeded"},
};

static void set_kind(struct sanitizer_parser *parser, struct sanitizer_report *report,
                     const char *text)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (sanitizer_after(text, phrases[i].text) != NULL) {
            sanitizer_copy(report->kind, sizeof(report->kind), phrases[i].kind, NULL);
            return;
        }
    }
    size_t length = strcspn(text, " :");
    sanitizer_copy(report->kind, sizeof(report->kind), text, text + length);
    /* Words that are no kinds of ours may still be named by the summary. */
    parser->kind_guessed = strchr(report->kind, '-') == NULL;
}

static void set_address(struct sanitizer_report *report, const char *text)
{
    const char *at = sanitizer_past(text, " address ");
    at = at != NULL ? at : sanitizer_past(text, " on ");
    report->has_address = sanitizer_number(at, &report->address) != NULL;
    if (!report->has_address) {
        report->address = 0;
    }
    const char *size = sanitizer_past(text, "requested allocation size ");
    (void)sanitizer_number(size, &report->size);
}

static enum sanitizer_tool tool_of(const char *text)
{
    static const struct {
        const char *name;
        enum sanitizer_tool tool;
    } names[] = {
        {"AddressSanitizer: ", SANITIZER_ASAN},
        {"LeakSanitizer: ", SANITIZER_LSAN},
        {"ThreadSanitizer: ", SANITIZER_TSAN},
        {"MemorySanitizer: ", SANITIZER_MSAN},
        {"UndefinedBehaviorSanitizer: ", SANITIZER_UBSAN},
    };
    for (size_t i = 0; text != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (sanitizer_after(text, names[i].name) != NULL) {
            return names[i].tool;
        }
    }
    return SANITIZER_NONE;
}

/* "==12==ERROR: LeakSanitizer: detected memory leaks": what follows are reports of their own. */
static void begin_leaks(struct sanitizer_parser *parser, int64_t pid)
{
    sanitizer_parser_close_stack(parser);
    parser->leaks_mixed = parser->leaks || parser->first_open < parser->log->count;
    sanitizer_parser_interrupt(parser, "leaks are told in it");
    parser->reading = false;
    parser->leaks = true;
    parser->leaks_pid = pid;
}

/* "Direct leak of 16 byte(s) in 1 object(s) allocated from:" */
static bool begin_leak(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    bool direct = sanitizer_after(line, "Direct leak of ") != NULL;
    if (!direct && sanitizer_after(line, "Indirect leak of ") == NULL) {
        return false;
    }
    uint64_t bytes = 0;
    uint64_t blocks = 0;
    const char *rest = sanitizer_number(sanitizer_past(line, "leak of "), &bytes);
    rest = sanitizer_number(sanitizer_after(rest, " byte(s) in "), &blocks);
    rest = sanitizer_after(rest, " object(s) allocated from:");
    struct sanitizer_report *report = sanitizer_parser_begin(parser, SANITIZER_LSAN, line);
    if (report == NULL) {
        return true;
    }
    if (rest == NULL || *rest != '\0' || !parser->leaks || parser->leaks_mixed) {
        sanitizer_report_damage(report, "it stands in no list of leaks, or in two");
    }
    sanitizer_copy(report->kind, sizeof(report->kind), direct ? "direct-leak" : "indirect-leak",
                   NULL);
    report->bytes = bytes;
    report->blocks = blocks;
    report->pid = parser->leaks_pid;
    (void)sanitizer_parser_open(parser, "alloc");
    return true;
}

bool sanitizer_address_begins(struct sanitizer_parser *parser)
{
    if (begin_leak(parser)) {
        return true;
    }
    const char *text = sanitizer_past(parser->line.text, "ERROR: ");
    enum sanitizer_tool tool = tool_of(text);
    if (tool == SANITIZER_NONE) {
        return false;
    }
    int64_t pid;
    const char *rest = after_pid(parser->line.text, &pid);
    text = sanitizer_past(text, "Sanitizer: ");
    if (tool == SANITIZER_LSAN && sanitizer_after(text, "detected memory leaks") != NULL) {
        begin_leaks(parser, pid);
        return true;
    }
    parser->leaks = false;
    struct sanitizer_report *report = sanitizer_parser_begin(parser, tool, text);
    if (report == NULL) {
        return true;
    }
    if (sanitizer_after(rest, "ERROR: ") == NULL) {
        sanitizer_report_damage(report, "its first line is not whole");
    }
    report->pid = pid;
    set_kind(parser, report, text);
    set_address(report, text);
    return true;
}

/* ---- lines of a report ---------------------------------------------------------------------- */

/* "READ of size 4 at 0x60 thread T0" */
static bool take_access(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    const char *line = parser->line.text;
    bool is_read = sanitizer_after(line, "READ of size ") != NULL;
    if (!is_read && sanitizer_after(line, "WRITE of size ") == NULL) {
        return false;
    }
    report->access = is_read ? SANITIZER_READ : SANITIZER_WRITE;
    uint64_t address = 0;
    const char *rest = sanitizer_number(sanitizer_past(line, "of size "), &report->size);
    rest = sanitizer_number(sanitizer_after(rest, " at "), &address);
    struct sanitizer_stack *stack = sanitizer_parser_open_once(parser, "access");
    sanitizer_parser_thread(stack, sanitizer_after(rest, " "));
    if (rest == NULL || (report->has_address && report->address != address)) {
        sanitizer_report_damage(report, "its access is not whole, or another's");
    }
    return true;
}

/* "freed by thread T0 here:" and its like. */
static bool take_section(struct sanitizer_parser *parser, const struct sanitizer_report *report)
{
    static const struct {
        const char *begin;
        const char *role;
    } sections[] = {
        {"freed by ", "free"},
        {"previously allocated by ", "alloc"},
        {"allocated by ", "alloc"},
        {"previously allocated by", "alloc"},
    };
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        const char *rest = sanitizer_after(parser->line.text, sections[i].begin);
        if (rest != NULL) {
            /* Ranges that overlap are two objects, each with its stacks. */
            bool two = strstr(report->kind, "-param-overlap") != NULL;
            const char *role = sections[i].role;
            sanitizer_parser_thread(two ? sanitizer_parser_open(parser, role)
                                        : sanitizer_parser_open_once(parser, role),
                                    rest);
            return true;
        }
    }
    return false;
}

/* "Thread T1 created by T0 here:" */
static bool take_creation(struct sanitizer_parser *parser)
{
    const char *name = sanitizer_after(parser->line.text, "Thread ");
    if (name == NULL || sanitizer_past(name, " created by ") == NULL) {
        return false;
    }
    char role[48];
    int length = (int)strcspn(name, " (");
    (void)snprintf(role, sizeof(role), "thread %.*s created", length < 24 ? length : 24, name);
    sanitizer_parser_thread(sanitizer_parser_open_once(parser, role),
                            sanitizer_past(name, " created by "));
    return true;
}

/* What lies there: a region, a global, a place on a stack with the function that it belongs to. */
static bool take_object(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    const char *line = parser->line.text;
    if (sanitizer_past(line, " is located ") == NULL) {
        const char *variable = sanitizer_past(line, "<== Memory access at offset");
        if (variable == NULL || report->count == 0) {
            return false;
        }
        size_t used = strlen(report->object);
        (void)snprintf(report->object + used, sizeof(report->object) - used, ": %s",
                       sanitizer_trim(line));
        return true;
    }
    if (report->object[0] == '\0') {
        sanitizer_copy(report->object, sizeof(report->object), line, NULL);
    }
    if (sanitizer_past(line, " is located in stack of ") != NULL &&
        sanitizer_past(line, " in frame") != NULL) {
        sanitizer_parser_thread(sanitizer_parser_open_once(parser, "frame"),
                                sanitizer_past(line, " in stack of "));
    } else {
        sanitizer_parser_close_stack(parser);
    }
    return true;
}

/* "==12==The signal is caused by a READ memory access.", "==12==ABORTING" */
static bool take_pid_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    int64_t pid;
    const char *text = after_pid(parser->line.text, &pid);
    if (text == NULL) {
        return false;
    }
    if (report->pid != 0 && pid != report->pid) {
        sanitizer_report_damage(report, "another process writes in it");
    }
    if (sanitizer_after(text, "The signal is caused by a READ") != NULL) {
        report->access = SANITIZER_READ;
    } else if (sanitizer_after(text, "The signal is caused by a WRITE") != NULL) {
        report->access = SANITIZER_WRITE;
    } else if (sanitizer_after(text, "ABORTING") != NULL) {
        sanitizer_parser_close_stack(parser);
        report->end = parser->line.end;
        parser->reading = false;
    }
    return true;
}

bool sanitizer_address_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    if (sanitizer_after(parser->line.text, "AddressSanitizer: nested bug") != NULL) {
        sanitizer_report_damage(report, "the sanitizer met another bug in it");
    }
    return take_access(parser, report) || take_section(parser, report) || take_creation(parser) ||
           take_pid_line(parser, report) || take_object(parser, report);
}
