/* SPDX-License-Identifier: MIT
 *
 * Tells an error that nobody caught from a broken process.
 */
#include "harness/watch/foreign_report.h"

#include <string.h>

/* What Rust's own checks say. Whoever unwraps an Err or calls panic! uses a panic as an error. */
static const char *const rust_checks[] = {
    "index out of bounds",
    "out of range for slice",
    "slice index starts at",
    "out of bounds of",
    "is not a char boundary",
    " with overflow",
    "attempt to divide by zero",
    "attempt to calculate the remainder",
    "called `Option::unwrap()` on a `None` value",
    "already borrowed",
    "already mutably borrowed",
    "assertion failed",
    "assertion `",
    "entered unreachable code",
    "unsafe precondition(s) violated",
    "misaligned pointer dereference",
    "null pointer dereference occurred",
};

static bool is_broken_rust(const char *title)
{
    for (size_t i = 0; i < sizeof rust_checks / sizeof *rust_checks; i++) {
        if (strstr(title, rust_checks[i]) != NULL) {
            return true;
        }
    }
    return false;
}

bool foreign_is_ordinary(const struct sanitizer_report *report)
{
    if (strcmp(report->kind, "panic") == 0) {
        return report->tool == SANITIZER_GO
                   ? !report->has_address && strstr(report->title, "runtime error: ") == NULL
                   : !is_broken_rust(report->title);
    }
    return strcmp(report->kind, "exception") == 0 ||
           strcmp(report->kind, "unhandled-exception") == 0;
}

bool foreign_counts(const struct sanitizer_log *log, uint32_t index, bool explained)
{
    const struct sanitizer_report *report = &log->reports[index];
    bool last = true;
    for (uint32_t i = index + 1; i < log->count; i++) {
        last = last && log->reports[i].tool == SANITIZER_VALGRIND;
    }
    return (report->tool == SANITIZER_VALGRIND || last) &&
           !(explained && foreign_is_ordinary(report));
}

bool foreign_tells_crash(const char *text, size_t length)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    bool found = false;
    foreign_parse(text, length, &log);
    for (uint32_t i = 0; i < log.count && !found; i++) {
        found = foreign_counts(&log, i, true);
    }
    sanitizer_log_release(&log);
    return found;
}
