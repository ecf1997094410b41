/* SPDX-License-Identifier: MIT
 *
 * One finding for each report. Whether a report is why the process ended follows from the tool:
 * ASan, UBSan and MSan end it with their report, leaks and TSan only change its status at the exit.
 */
#include "harness/judge/reports.h"

#include "harness/judge/headline.h"
#include "harness/judge/locks.h"
#include "harness/judge/site.h"
#include "harness/judge/words.h"
#include "harness/watch/abort_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Raw text of one report that goes into report.json; all of it is in the raw evidence. */
#define RAW_SHOWN ((size_t)16 << 10)

/* Runtimes of other languages name functions without their modules. */
static bool is_sanitizer(enum sanitizer_tool tool)
{
    return tool >= SANITIZER_ASAN && tool <= SANITIZER_MSAN;
}

static bool is_leak(const struct sanitizer_report *report)
{
    return report->tool == SANITIZER_LSAN && strstr(report->kind, "-leak") != NULL;
}

/* The signals that LeakSanitizer reports where it is alone are no leaks. */
static enum finding_kind kind_of(const struct sanitizer_report *report)
{
    switch (report->tool) {
    case SANITIZER_ASAN:
        return FINDING_ASAN;
    case SANITIZER_LSAN:
        return is_leak(report) ? FINDING_LSAN : FINDING_CRASH;
    case SANITIZER_UBSAN:
        return FINDING_UBSAN;
    case SANITIZER_TSAN:
        return FINDING_TSAN;
    case SANITIZER_MSAN:
        return FINDING_MSAN;
    default:
        return FINDING_CRASH;
    }
}

static void stack_title(const struct sanitizer_report *report, const struct sanitizer_stack *stack,
                        const char *module, struct buffer *title)
{
    buffer_puts(title, stack->role);
    if (stack->mutex[0] != '\0') {
        buffer_puts(title, " of ");
        locks_tell(report, stack->mutex, module, title);
    }
    if (stack->access != SANITIZER_NO_ACCESS) {
        buffer_printf(title, ": %s", stack->access == SANITIZER_READ ? "read" : "write");
        if (stack->size != 0) {
            buffer_printf(title, " of %llu bytes", (unsigned long long)stack->size);
        }
    }
    if (stack->stack.name[0] != '\0') {
        buffer_puts(title, ", ");
        words_clean(title, stack->stack.name, sizeof stack->stack.name);
    }
    if (stack->locks[0] != '\0') {
        buffer_puts(title, ", holding ");
        locks_tell(report, stack->locks, module, title);
    }
}

static bool is_of_bug(const struct sanitizer_stack *stack)
{
    static const char *const bugs[] = {"access",          "free",  "alloc", "frame",
                                       "previous access", "place", "lock",  "held"};
    for (size_t i = 0; i < sizeof bugs / sizeof bugs[0]; i++) {
        if (strcmp(stack->role, bugs[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum finding_weight weigh(const struct sanitizer_stack *stack)
{
    if (is_of_bug(stack)) {
        return WEIGHT_MATTERS;
    }
    return strcmp(stack->role, "thread") == 0 ? WEIGHT_BUSY : WEIGHT_CONTEXT;
}

/* Where no stack is of the bug itself, as in a thread leak, the first one is all there is. */
static void add_stacks(const struct sanitizer_report *report, struct finding *finding)
{
    bool shown = false;
    for (uint32_t i = 0; i < report->count; i++) {
        shown = shown || is_of_bug(&report->stacks[i]);
    }
    for (uint32_t i = 0; i < report->count; i++) {
        const struct sanitizer_stack *stack = &report->stacks[i];
        struct buffer title = BUFFER_INIT;
        stack_title(report, stack, finding->module, &title);
        finding_add_stack(finding, buffer_text(&title),
                          i == 0 && !shown ? WEIGHT_MATTERS : weigh(stack), &stack->stack);
        buffer_clear(&title);
    }
}

/* ASan walks the stacks of frees and allocations by frame pointers: whole ones cost several times
 * what a trial costs. */
static void note_broken(const struct sanitizer_report *report, struct finding *finding)
{
    static const char *const roles[] = {"free", "alloc"};
    bool broken = false;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct sanitizer_stack *stack = sanitizer_report_find(report, roles[i]);
        struct site site = {.client = ""};
        if (stack != NULL) {
            site_find(&stack->stack, finding->module, &site);
        }
        broken = broken || (stack != NULL && site.client[0] == '\0');
    }
    if (broken && (report->tool == SANITIZER_ASAN || report->tool == SANITIZER_LSAN)) {
        (void)snprintf(finding->stacks_note, sizeof finding->stacks_note,
                       "stacks of frees and allocations break off in libraries that are built "
                       "without frame pointers; with ASAN_OPTIONS=fast_unwind_on_malloc=0 in "
                       "eighth's environment they are whole, and trials take several times as "
                       "long");
    }
}

static void add_raw(const struct sanitizer_report *report, const char *text,
                    struct finding *finding)
{
    struct buffer raw = BUFFER_INIT;
    size_t length = report->end > report->begin ? report->end - report->begin : 0;
    buffer_add(&raw, text + report->begin, length < RAW_SHOWN ? length : RAW_SHOWN);
    if (length > RAW_SHOWN) {
        buffer_printf(&raw, "\n... %zu bytes more\n", length - RAW_SHOWN);
    }
    finding_add_evidence(finding, "report", buffer_text(&raw));
    buffer_clear(&raw);
    if (report->quality == SANITIZER_DAMAGED) {
        finding_add_evidence(finding, "damage", report->damage);
    }
}

static void sign(const struct trial_record *record, const struct sanitizer_report *report,
                 uint32_t nth, struct signature_key *key)
{
    const char *modules[] = {record->module};
    char unique[64];
    (void)snprintf(unique, sizeof unique, "trial %u report %u", record->index, nth);
    bool named = record->module[0] != '\0' && is_sanitizer(report->tool);
    signature_of_report(report, modules, named ? 1 : 0, unique, key);
}

struct finding *reports_finding(const struct trial_record *record,
                                const struct sanitizer_report *report, const char *text,
                                uint32_t nth)
{
    struct signature_key *key = calloc(1, sizeof *key);
    struct buffer title = BUFFER_INIT;
    headline_of_report(report, is_sanitizer(report->tool) ? record->module : "", &title);
    struct finding *finding =
        key != NULL ? finding_new(kind_of(report), "", buffer_text(&title)) : NULL;
    buffer_clear(&title);
    if (finding != NULL) {
        sign(record, report, nth, key);
        finding_sign(finding, key);
        (void)snprintf(finding->module, sizeof finding->module, "%s", record->module);
        add_stacks(report, finding);
        note_broken(report, finding);
        add_raw(report, text, finding);
    }
    free(key);
    return finding;
}

static void retitle(struct finding *finding, const struct buffer *title)
{
    char *text = strdup(buffer_text(title));
    if (text != NULL) {
        free(finding->title);
        finding->title = text;
    }
}

/* An abort: what the C library or the C++ runtime said of it stands in standard error. */
static void add_abort_text(const struct trial_record *record, const struct sanitizer_report *report,
                           struct finding *finding)
{
    struct abort_text said;
    struct buffer err = BUFFER_INIT;
    if (strcmp(report->kind, "ABRT") != 0) {
        return;
    }
    const struct sanitizer_stack *access = sanitizer_report_find(report, "access");
    enum abort_caller caller =
        abort_caller_of(access != NULL ? &access->stack : NULL, record->module);
    output_text(&record->err, &err);
    if (abort_text_find(buffer_text(&err), err.length, caller, &said)) {
        struct buffer title = BUFFER_INIT;
        buffer_puts(&title, "ABRT: ");
        words_clean(&title, said.text, sizeof said.text);
        buffer_puts(&title, finding->title + strlen("ABRT"));
        retitle(finding, &title);
        finding_add_evidence(finding, "abort", said.text);
        buffer_clear(&title);
    }
    buffer_clear(&err);
}

/* The report is of the moment at which the worker ended: the flight record is of the same. */
static void add_moment(const struct trial_record *record, const struct sanitizer_report *report,
                       struct finding *finding)
{
    const struct sanitizer_stack *access = sanitizer_report_find(report, "access");
    struct culprit culprit;
    if (access == NULL) {
        return;
    }
    culprit_of_stack(record, &access->stack, &culprit);
    culprit_add(record, &culprit, finding);
    struct buffer title = BUFFER_INIT;
    buffer_puts(&title, finding->title);
    culprit_tell(record, &culprit, &title);
    enum flight_operation operation = site_operation(&access->stack);
    if (!culprit.has_doing && operation != FLIGHT_NONE) { /* several were in it */
        buffer_printf(&title, ", in %s", flight_operation_name(operation));
    }
    retitle(finding, &title);
    buffer_clear(&title);
}

/* LSan lists a leak once for each stack, of which those with one signature are one bug: the sizes
 * of all go to the first of them. same[i] becomes the index of that first, i itself for any other.
 */
static void gather_leaks(const struct trial_record *record, struct sanitizer_log *log,
                         uint32_t *same)
{
    struct signature_key *key = calloc(1, sizeof *key);
    char(*hashes)[sizeof key->hash] = calloc(log->count, sizeof *hashes);
    for (uint32_t i = 0; i < log->count; i++) {
        struct sanitizer_report *report = &log->reports[i];
        same[i] = i;
        if (!is_leak(report) || key == NULL || hashes == NULL) {
            continue;
        }
        sign(record, report, i, key);
        memcpy(hashes[i], key->hash, sizeof *hashes);
        for (uint32_t j = 0; j < i && same[i] == i; j++) {
            same[i] = strcmp(hashes[j], hashes[i]) == 0 ? j : i;
        }
        if (same[i] != i) {
            log->reports[same[i]].bytes += report->bytes;
            log->reports[same[i]].blocks += report->blocks;
        }
    }
    free(hashes);
    free(key);
}

/* Adds findings for the reports in a text. from_log: it is the sanitizer's own file; in standard
 * error, where the client may write what it likes, only reports that the end confirms count, and
 * what UBSan is known to say: gcc's runtime of it does not know of log files when ASan has one. */
static bool judge_text(const struct trial_record *record, const char *text, size_t length,
                       bool from_log, struct finding_list *findings)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    bool fatal = false;
    uint32_t same[SANITIZER_REPORTS];
    sanitizer_parse(text, length, &log);
    gather_leaks(record, &log, same);
    for (uint32_t i = 0; i < log.count; i++) {
        const struct sanitizer_report *report = &log.reports[i];
        bool ends = record->sanitizer_exit && !trial_ended_well(record) &&
                    (report->tool == SANITIZER_ASAN || report->tool == SANITIZER_UBSAN ||
                     report->tool == SANITIZER_MSAN ||
                     (report->tool == SANITIZER_LSAN && !is_leak(report)));
        bool said = report->tool == SANITIZER_UBSAN ? report->known : ends;
        if ((!from_log && !said) || same[i] != i) {
            continue;
        }
        struct finding *finding = reports_finding(record, report, text, i);
        for (uint32_t j = i + 1; finding != NULL && j < log.count; j++) {
            if (same[j] == i) {
                add_raw(&log.reports[j], text, finding);
            }
        }
        if (finding != NULL && ends && i + 1 == log.count) {
            add_abort_text(record, report, finding);
            add_moment(record, report, finding);
        }
        fatal = fatal || ends;
        (void)finding_list_add(findings, finding, record->index, record->seed);
    }
    sanitizer_log_release(&log);
    return fatal;
}

bool reports_judge(const struct trial_record *record, struct finding_list *findings)
{
    bool fatal = judge_text(record, buffer_text(&record->sanitizer), record->sanitizer.length, true,
                            findings);
    if (record->sanitized && output_total(&record->err) > 0) {
        struct buffer err = BUFFER_INIT;
        output_text(&record->err, &err);
        fatal = judge_text(record, buffer_text(&err), err.length, false, findings) || fatal;
        buffer_clear(&err);
    }
    return fatal;
}

/* What runtimes write when they cannot start or cannot check. */
static const char *const failures[] = {
    "FATAL: ThreadSanitizer",
    "FATAL: MemorySanitizer",
    "is out of application range",
    "ThreadSanitizer: unsupported VMA",
    "ThreadSanitizer failed to",
    "ERROR: ThreadSanitizer failed to",
    "LeakSanitizer has encountered a fatal error",
    "AddressSanitizer failed to",
    "Shadow memory range interleaves",
    "ASan runtime does not come first",
    "incompatible ASan runtimes",
    "Failed to allocate shadow",
};

static bool find_failure(const char *text, size_t length, struct buffer *line)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        const char *found = memmem(text, length, failures[i], strlen(failures[i]));
        if (found != NULL) {
            const char *end = memchr(found, '\n', length - (size_t)(found - text));
            size_t rest = end != NULL ? (size_t)(end - found) : length - (size_t)(found - text);
            words_clean(line, found, rest < 300 ? rest : 300);
            return true;
        }
    }
    return false;
}

bool reports_of_failure(const struct trial_record *record, struct buffer *line)
{
    /* A worker that ended in good order was checked. */
    if (!record->started || (trial_ended_well(record) && !record->sanitizer_exit) ||
        record->stop != TRIAL_NOT_STOPPED) {
        return false;
    }
    if (find_failure(buffer_text(&record->sanitizer), record->sanitizer.length, line)) {
        return true;
    }
    /* Before it knows its options a runtime writes to standard error. */
    if (trial_state(record) != WORKER_STARTING) {
        return false;
    }
    struct buffer err = BUFFER_INIT;
    output_text(&record->err, &err);
    bool found = find_failure(buffer_text(&err), err.length, line);
    buffer_clear(&err);
    return found;
}
