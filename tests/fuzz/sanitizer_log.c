/* SPDX-License-Identifier: MIT
 *
 * Fuzzes what reads the words of a dying client: the parsers of sanitizers' and foreign runtimes'
 * logs, the signatures that are made of them, and the C library's last messages.
 */
#include "harness/judge/signature_key.h"
#include "harness/watch/abort_text.h"
#include "harness/watch/foreign_report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What must hold of every report, whatever the bytes were. */
static void check_report(const struct sanitizer_report *report, size_t length)
{
    if (report->begin > report->end || report->end > length || report->count > SANITIZER_STACKS ||
        (report->quality == SANITIZER_DAMAGED) != (report->damage[0] != '\0')) {
        abort();
    }
    for (uint32_t i = 0; i < report->count; i++) {
        if (report->stacks[i].stack.count > STACK_FRAMES || report->stacks[i].role[0] == '\0') {
            abort();
        }
    }
}

/* A leak that broke off in a library: of these there is one for each library ("?libssl.so.3" behind
 * version, kind and class), as signature_key.h says. */
static bool is_of_library(const char *key)
{
    for (int colons = 0; key != NULL && colons < 3; colons++) {
        key = strchr(key, ':');
        key = key != NULL ? key + 1 : NULL;
    }
    return key != NULL && *key == '?' && strchr(key, '/') == NULL;
}

/* A report of low quality must never get the key of another one. */
static void check_keys(const struct sanitizer_report *report)
{
    struct signature_key keys[2];
    signature_of_report(report, NULL, 0, "one", &keys[0]);
    signature_of_report(report, NULL, 0, "two", &keys[1]);
    bool good = keys[0].quality == SIGNATURE_GOOD;
    bool of_library = !good && is_of_library(keys[0].key);
    if ((good || of_library) != signature_equal(&keys[0], &keys[1]) ||
        (report->quality == SANITIZER_DAMAGED && good) ||
        strnlen(keys[0].key, sizeof(keys[0].key)) == sizeof(keys[0].key)) {
        abort();
    }
}

static void check_abort_text(const char *bytes, size_t length)
{
    struct abort_text found;
    bool any = abort_text_find(bytes, length, ABORT_BY_UNKNOWN, &found);
    if (any != (found.kind != ABORT_NONE) || (any && found.text[0] == '\0') ||
        strnlen(found.text, sizeof(found.text)) == sizeof(found.text) ||
        strnlen(found.file, sizeof(found.file)) == sizeof(found.file) ||
        strnlen(found.function, sizeof(found.function)) == sizeof(found.function)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static void (*const parsers[])(const char *, size_t, struct sanitizer_log *) = {
        sanitizer_parse,
        foreign_parse,
    };
    for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
        struct sanitizer_log log = SANITIZER_LOG_INIT;
        parsers[i]((const char *)bytes, length, &log);
        for (uint32_t j = 0; j < log.count; j++) {
            check_report(&log.reports[j], length);
            check_keys(&log.reports[j]);
        }
        sanitizer_log_release(&log);
    }
    check_abort_text((const char *)bytes, length);
    return 0;
}
