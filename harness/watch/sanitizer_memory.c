/* SPDX-License-Identifier: MIT
 *
 * Reads what MemorySanitizer says of values that nobody has written. Its signals and its failed
 * allocations are told as AddressSanitizer's are.
 */
#include "harness/watch/sanitizer_parser.h"

#include <string.h>

/* "==12==WARNING: MemorySanitizer: use-of-uninitialized-value" */
bool sanitizer_memory_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    const char *text = sanitizer_past(line, "WARNING: MemorySanitizer: ");
    if (text == NULL) {
        return false;
    }
    parser->leaks = false;
    struct sanitizer_report *report = sanitizer_parser_begin(parser, SANITIZER_MSAN, text);
    if (report == NULL) {
        return true;
    }
    uint64_t pid = 0;
    const char *rest = sanitizer_number(sanitizer_after(line, "=="), &pid);
    if (sanitizer_after(rest, "==WARNING: ") == NULL) {
        sanitizer_report_damage(report, "its first line is not whole");
    }
    report->pid = pid <= INT32_MAX ? (int64_t)pid : 0;
    sanitizer_kind(report->kind, sizeof report->kind, report->title, NULL);
    return true;
}

/* With -fsanitize-memory-track-origins: where the value was made, and on which ways it came. */
bool sanitizer_memory_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    static const struct {
        const char *begin;
        const char *role;
        bool optional; /* it may have no frames */
    } sections[] = {
        {"Uninitialized value was created by a heap allocation", "alloc", false},
        {"Uninitialized value was created by a heap deallocation", "free", false},
        {"Uninitialized value was created by an allocation of ", "frame", true},
        {"Uninitialized value was stored to memory at", "stored", false},
        {"Memory was marked as uninitialized", "marked", false},
        {"Member fields were destroyed", "marked", false},
        {"Virtual table ptr was destroyed", "marked", false},
    };
    const char *text = sanitizer_after(parser->line.text, "  ");
    for (size_t i = 0; text != NULL && i < sizeof sections / sizeof sections[0]; i++) {
        if (sanitizer_after(text, sections[i].begin) == NULL) {
            continue;
        }
        if (sections[i].optional) {
            sanitizer_copy(report->object, sizeof report->object, text, NULL);
        }
        (void)sanitizer_parser_open(parser, sections[i].role);
        parser->stack_optional = sections[i].optional;
        return true;
    }
    return false;
}
