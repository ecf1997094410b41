/* SPDX-License-Identifier: MIT
 *
 * Reads what ThreadSanitizer writes: both sides of a race, the locks, the threads.
 */
#include "harness/watch/sanitizer_parser.h"

#include <stdio.h>
#include <string.h>

bool sanitizer_thread_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    const char *text = sanitizer_past(line, "WARNING: ThreadSanitizer: ");
    if (text == NULL) {
        return false;
    }
    parser->leaks = false;
    struct sanitizer_report *report = sanitizer_parser_begin(parser, SANITIZER_TSAN, text);
    if (report == NULL) {
        return true;
    }
    const char *end = strstr(text, " (pid=");
    uint64_t pid = 0;
    const char *rest = sanitizer_number(sanitizer_after(end, " (pid="), &pid);
    if (rest == NULL || strcmp(rest, ")") != 0 || sanitizer_after(line, "WARNING: ") == NULL) {
        sanitizer_report_damage(report, "its first line is not whole");
    }
    report->pid = pid <= INT32_MAX ? (int64_t)pid : 0;
    if (end != NULL) {
        sanitizer_copy(report->title, sizeof(report->title), text, end);
    }
    const char *remark = strstr(report->title, " (potential deadlock)");
    sanitizer_kind(report->kind, sizeof(report->kind), report->title, remark);
    return true;
}

/* "Write of size 8 at 0x7b by thread T2 (mutexes: write M0):", "Previous atomic read of ..." */
static bool take_access(struct sanitizer_parser *parser, struct sanitizer_report *report,
                        const char *text)
{
    const char *size = sanitizer_past(text, " of size ");
    const char *rest = size != NULL ? sanitizer_past(text, " at 0x") : NULL;
    if (rest == NULL || sanitizer_past(rest, " by ") == NULL ||
        sanitizer_after(text, "Location ") != NULL) {
        return false;
    }
    bool previous = sanitizer_after(text, "Previous ") != NULL;
    const char *verb = text + (previous ? strlen("Previous ") : 0);
    size_t length = (size_t)(size - strlen(" of size ") - verb);
    bool writes = length >= 5 && strncasecmp(verb + length - 5, "write", 5) == 0;
    struct sanitizer_stack *stack =
        sanitizer_parser_open_once(parser, previous ? "previous access" : "access");
    if (stack == NULL) {
        return true;
    }
    stack->access = writes ? SANITIZER_WRITE : SANITIZER_READ;
    (void)sanitizer_number(size, &stack->size);
    sanitizer_parser_thread(stack, sanitizer_past(rest, " by "));
    const char *locks = sanitizer_past(text, "(mutexes: ");
    if (locks != NULL) {
        sanitizer_copy(stack->locks, sizeof(stack->locks), locks, locks + strcspn(locks, ")"));
    }
    if (!previous) {
        report->access = stack->access;
        report->size = stack->size;
        report->has_address =
            sanitizer_number(sanitizer_past(text, " at "), &report->address) != NULL;
    }
    if (text[strlen(text) - 1] != ':') {
        sanitizer_report_damage(report, "an access is not whole");
    }
    return true;
}

/* "Location is heap block of size 88 at 0x7b allocated by main thread:" */
static bool take_location(struct sanitizer_parser *parser, struct sanitizer_report *report,
                          const char *text)
{
    const char *what = sanitizer_after(text, "Location is ");
    if (what == NULL) {
        return false;
    }
    /* What lies on a stack is told once more, as part of a mapping. */
    if (sanitizer_after(report->object, "stack of ") != NULL) {
        sanitizer_parser_close_stack(parser);
        return true;
    }
    if (report->object[0] != '\0') {
        sanitizer_report_damage(report, "it tells two locations");
    }
    sanitizer_copy(report->object, sizeof(report->object), what, NULL);
    size_t length = strlen(report->object);
    if (length != 0 && report->object[length - 1] == ':') {
        report->object[length - 1] = '\0';
    }
    const char *by = sanitizer_past(what, " allocated by ");
    const char *created = sanitizer_past(what, " created by ");
    if (by != NULL) {
        sanitizer_parser_thread(sanitizer_parser_open_once(parser, "alloc"), by);
    } else if (created != NULL) {
        sanitizer_parser_thread(sanitizer_parser_open_once(parser, "descriptor opened"), created);
    } else {
        sanitizer_parser_close_stack(parser);
    }
    return true;
}

static struct sanitizer_stack *open_lock(struct sanitizer_parser *parser, const char *role,
                                         const char *name)
{
    struct sanitizer_stack *stack = sanitizer_parser_open(parser, role);
    if (stack != NULL) {
        sanitizer_copy(stack->mutex, sizeof(stack->mutex), name, name + strcspn(name, " "));
    }
    return stack;
}

/* "Mutex M0 (0x7b) created at:", "Mutex M1 acquired here while holding mutex M0 in thread T1:",
 * "Mutex M0 previously acquired by the same thread here:" */
static bool take_mutex(struct sanitizer_parser *parser, const char *text)
{
    const char *name = sanitizer_after(text, "Mutex ");
    if (name == NULL) {
        return false;
    }
    const char *holding = sanitizer_past(name, " acquired here while holding mutex ");
    if (holding != NULL) {
        struct sanitizer_stack *stack = open_lock(parser, "lock", name);
        sanitizer_parser_thread(stack, sanitizer_past(holding, " in "));
        if (stack != NULL) {
            sanitizer_copy(stack->locks, sizeof(stack->locks), holding,
                           holding + strcspn(holding, " :"));
        }
    } else if (sanitizer_past(name, " previously acquired by the same thread") != NULL) {
        (void)open_lock(parser, "held", name);
    } else if (sanitizer_past(name, " created at:") != NULL) {
        char role[48];
        int length = (int)strcspn(name, " ");
        (void)snprintf(role, sizeof(role), "mutex %.*s created", length < 24 ? length : 24, name);
        (void)sanitizer_parser_open_once(parser, role);
    } else if (sanitizer_past(name, " acquired here") != NULL) {
        (void)open_lock(parser, "lock", name);
    } else {
        sanitizer_parser_close_stack(parser);
    }
    return true;
}

/* "Thread T2 (tid=7, running) created by main thread at:" */
static bool take_thread(struct sanitizer_parser *parser, const char *text)
{
    const char *name = sanitizer_after(text, "Thread ");
    const char *by = sanitizer_past(name, " created by ");
    if (by == NULL) {
        return false;
    }
    char role[48];
    int length = (int)strcspn(name, " ");
    (void)snprintf(role, sizeof(role), "thread %.*s created", length < 24 ? length : 24, name);
    struct sanitizer_stack *stack = sanitizer_parser_open_once(parser, role);
    sanitizer_parser_thread(stack, by);
    uint64_t tid = 0;
    if (stack != NULL && sanitizer_number(sanitizer_past(name, "(tid="), &tid) != NULL &&
        tid <= INT32_MAX) {
        stack->stack.tid = (int32_t)tid;
    }
    return true;
}

bool sanitizer_thread_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    const char *text = sanitizer_trim(parser->line.text);
    if (sanitizer_after(text, "[failed to restore the stack]") != NULL) {
        parser->stack_optional = true;
        return true;
    }
    if (sanitizer_after(text, "and:") != NULL) {
        (void)sanitizer_parser_open_once(parser, "previous access");
        return true;
    }
    if (sanitizer_after(text, "As if synchronized via sleep:") != NULL) {
        (void)sanitizer_parser_open_once(parser, "sleep");
        return true;
    }
    if (sanitizer_after(text, "Cycle in lock order graph: ") != NULL) {
        sanitizer_copy(report->object, sizeof(report->object), text, NULL);
        return true;
    }
    return take_access(parser, report, text) || take_location(parser, report, text) ||
           take_mutex(parser, text) || take_thread(parser, text);
}
