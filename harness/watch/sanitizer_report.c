/* SPDX-License-Identifier: MIT
 *
 * Keeps reports: their memory and their ceilings.
 */
#include "harness/watch/sanitizer_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Doubles an array up to its ceiling; NULL when it is reached or no memory is left. */
static void *grow(void *array, uint32_t *capacity, uint32_t ceiling, size_t size)
{
    uint32_t wanted = *capacity == 0 ? 4 : *capacity * 2;
    wanted = wanted < ceiling ? wanted : ceiling;
    void *grown = wanted > *capacity ? realloc(array, wanted * size) : NULL;
    if (grown != NULL) {
        *capacity = wanted;
    }
    return grown;
}

struct sanitizer_report *sanitizer_log_add(struct sanitizer_log *log, enum sanitizer_tool tool,
                                           size_t begin)
{
    if (log->count == log->capacity) {
        struct sanitizer_report *grown =
            grow(log->reports, &log->capacity, SANITIZER_REPORTS, sizeof(*grown));
        if (grown == NULL) {
            log->dropped++;
            return NULL;
        }
        log->reports = grown;
    }
    struct sanitizer_report *report = &log->reports[log->count++];
    memset(report, 0, sizeof(*report));
    report->tool = tool;
    report->begin = begin;
    report->end = begin;
    return report;
}

struct sanitizer_stack *sanitizer_report_add(struct sanitizer_report *report, const char *role)
{
    if (report->count == report->capacity) {
        struct sanitizer_stack *grown =
            grow(report->stacks, &report->capacity, SANITIZER_STACKS, sizeof(*grown));
        if (grown == NULL) {
            sanitizer_report_damage(report, "more stacks than are kept");
            return NULL;
        }
        report->stacks = grown;
    }
    struct sanitizer_stack *stack = &report->stacks[report->count++];
    memset(stack, 0, sizeof(*stack));
    (void)snprintf(stack->role, sizeof(stack->role), "%s", role);
    return stack;
}

void sanitizer_report_damage(struct sanitizer_report *report, const char *reason)
{
    if (report->quality == SANITIZER_WHOLE) {
        report->quality = SANITIZER_DAMAGED;
        (void)snprintf(report->damage, sizeof(report->damage), "%s", reason);
    }
}

const struct sanitizer_stack *sanitizer_report_find(const struct sanitizer_report *report,
                                                    const char *role)
{
    for (uint32_t i = 0; i < report->count; i++) {
        if (strcmp(report->stacks[i].role, role) == 0) {
            return &report->stacks[i];
        }
    }
    return NULL;
}

void sanitizer_log_release(struct sanitizer_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        struct sanitizer_report *report = &log->reports[i];
        for (uint32_t j = 0; j < report->count; j++) {
            stack_release(&report->stacks[j].stack);
        }
        free(report->stacks);
    }
    free(log->reports);
    memset(log, 0, sizeof(*log));
}

const char *sanitizer_tool_name(enum sanitizer_tool tool)
{
    static const char *const names[] = {
        "none",    "asan", "lsan", "ubsan",  "tsan", "msan", "valgrind",
        "crystal", "go",   "rust", "python", "java", "node",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == SANITIZER_TOOLS, "one name a tool");
    return (unsigned)tool < SANITIZER_TOOLS ? names[tool] : "?";
}
