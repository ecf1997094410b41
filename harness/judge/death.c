/* SPDX-License-Identifier: MIT
 *
 * The only clean end is status 0 in state FINISHED; everything else is told apart here.
 */
#include "harness/judge/death.h"

#include "harness/judge/headline.h"
#include "harness/judge/reports.h"
#include "harness/judge/site.h"
#include "harness/judge/words.h"
#include "harness/watch/foreign_report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define STDERR_SHOWN 4096

/* A short word for what the worker was at, in titles. */
static void add_whereabouts(const struct trial_record *record, struct buffer *title)
{
    enum worker_state state = trial_state(record);
    if (state != WORKER_RUNNING) {
        buffer_printf(title, " while %s", words_worker_state(state));
    }
}

/* What it said about itself, if it died of a SIGABRT that nobody else sent. */
static void read_abort(const struct trial_record *record, const struct culprit *culprit,
                       struct abort_text *abort)
{
    struct buffer err = BUFFER_INIT;
    abort->kind = ABORT_NONE;
    if (WTERMSIG(record->status) != SIGABRT || headline_is_from_outside(&record->stacks)) {
        return;
    }
    enum abort_caller caller =
        abort_caller_of(culprit->sure ? culprit->stack : NULL, record->module);
    output_text(&record->err, &err);
    (void)abort_text_find(buffer_text(&err), err.length, caller, abort);
    buffer_clear(&err);
}

static void sign_by(const struct trial_record *record, const struct signature_stack *stack,
                    const char *module, const char *what, struct finding *finding)
{
    struct signature_key *key = calloc(1, sizeof *key);
    char unique[32];
    (void)snprintf(unique, sizeof unique, "trial %u", record->index);
    struct signature_input input = {
        .kind = finding_kind_name(finding->kind),
        .what = what,
        .stacks = stack,
        .count = stack != NULL ? 1 : 0,
        .client_modules = &module,
        .client_module_count = module[0] != '\0' ? 1 : 0,
        .unique = unique,
    };
    if (key != NULL) {
        signature_make(&input, key);
        finding_sign(finding, key);
    }
    free(key);
}

/* The stack of the thread that got the signal makes the signature. If it may have been one of
 * several, nothing says that it was the same bug twice: the quality is low. */
static void sign(const struct trial_record *record, const struct culprit *culprit, const char *what,
                 struct finding *finding)
{
    struct signature_stack stack = {.role = "access", .stack = culprit->stack};
    bool shown = culprit->sure && culprit->stack != NULL && culprit->stack->count > 0;
    if (shown || culprit->suspects > 1) {
        sign_by(record, shown ? &stack : NULL, record->module, what, finding);
    }
}

static void add_signal(const struct trial_record *record, struct finding *finding)
{
    finding->signal = record->stacks.signal;
    finding->register_count = record->stacks.register_count < STACK_REGISTERS
                                  ? record->stacks.register_count
                                  : STACK_REGISTERS;
    memcpy(finding->registers, record->stacks.registers,
           finding->register_count * sizeof finding->registers[0]);
    if (finding->signal.number == 0) {
        finding->signal.number = WTERMSIG(record->status);
    }
}

/* Whether Python's faulthandler says in the report where this signal came. */
static bool is_of_python(const struct sanitizer_report *report, int number)
{
    static const struct {
        int number;
        const char *word;
    } words[] = {{SIGSEGV, "Segmentation fault"},
                 {SIGBUS, "Bus error"},
                 {SIGILL, "Illegal instruction"},
                 {SIGFPE, "Floating point exception"},
                 {SIGABRT, ""}}; /* "Aborted", or the reason that Python gave up */
    if (report->tool != SANITIZER_PYTHON || strcmp(report->kind, "fatal-error") != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].number == number) {
            return strstr(report->title, words[i].word) != NULL;
        }
    }
    return false;
}

static void add_python_stack(const struct trial_record *record, const struct stack *stack,
                             const char *what, struct finding *finding)
{
    struct site site;
    struct buffer title = BUFFER_INIT;
    site_find(stack, "", &site);
    buffer_printf(&title, "%s; Python was in ", finding->title);
    site_tell(&site, &title);
    char *longer = strdup(buffer_text(&title));
    if (longer != NULL) {
        free(finding->title);
        finding->title = longer;
    }
    buffer_clear(&title);
    finding_add_stack(finding, "Python's own stack", WEIGHT_MATTERS, stack);
    if (finding_is_poor(finding)) {
        sign_by(record, &(struct signature_stack){.role = "access", .stack = stack}, "", what,
                finding);
    }
}

/* In Python the stack of the traced thread shows the interpreter, mostly without names; the
 * program's own is what faulthandler wrote. */
static void add_python(const struct trial_record *record, const char *what, struct finding *finding)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    struct buffer err = BUFFER_INIT;
    bool found = false;
    output_text(&record->err, &err);
    foreign_parse(buffer_text(&err), err.length, &log);
    for (uint32_t i = log.count; i > 0 && !found; i--) {
        const struct sanitizer_stack *current =
            sanitizer_report_find(&log.reports[i - 1], "access");
        found = current != NULL && current->stack.count > 0 &&
                is_of_python(&log.reports[i - 1], WTERMSIG(record->status));
        if (found) {
            add_python_stack(record, &current->stack, what, finding);
        }
    }
    sanitizer_log_release(&log);
    buffer_clear(&err);
}

static bool is_place_known(const struct trial_record *record, const struct culprit *culprit)
{
    return !culprit->sure && culprit->has_doing && WTERMSIG(record->status) != SIGKILL &&
           !headline_is_from_outside(&record->stacks);
}

static struct finding *by_signal(const struct trial_record *record, const struct culprit *culprit,
                                 struct buffer *title)
{
    int number = WTERMSIG(record->status);
    enum worker_state state = trial_state(record);
    struct abort_text abort;
    char name[32];
    char key[96];
    read_abort(record, culprit, &abort);
    enum finding_kind kind =
        abort.kind == ABORT_HEAP_CORRUPTION ? FINDING_HEAP_CORRUPTION : FINDING_CRASH;
    const char *what = abort.kind != ABORT_NONE ? abort_kind_name(abort.kind)
                                                : child_signal_name(number, name, sizeof name);
    /* Without a stack the only operation that it can have been in tells bugs apart. */
    const char *within = state != WORKER_RUNNING ? words_worker_state(state)
                         : is_place_known(record, culprit)
                             ? flight_operation_name(culprit->doing.last.operation)
                             : "";
    (void)snprintf(key, sizeof key, "%s/%s%s%s", finding_kind_name(kind), what,
                   within[0] != '\0' ? "/" : "", within);
    headline_of_signal(record, culprit, &abort, title);
    add_whereabouts(record, title);
    struct finding *finding = finding_new(kind, key, buffer_text(title));
    if (finding != NULL) {
        if (!headline_is_from_outside(&record->stacks) && number != SIGKILL) {
            sign(record, culprit, what, finding);
            add_python(record, what, finding);
        }
        add_signal(record, finding);
    }
    return finding;
}

/* What the runtime of another language said when it ended the process; NULL if nothing. */
static struct finding *by_runtime(const struct trial_record *record)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    struct buffer err = BUFFER_INIT;
    struct finding *finding = NULL;
    output_text(&record->err, &err);
    foreign_parse(buffer_text(&err), err.length, &log);
    /* Others may be warnings; the last one is what it died of. */
    for (uint32_t i = log.count; i > 0 && finding == NULL; i--) {
        if (log.reports[i - 1].tool != SANITIZER_VALGRIND) {
            finding = reports_finding(record, &log.reports[i - 1], buffer_text(&err), i - 1);
        }
    }
    sanitizer_log_release(&log);
    buffer_clear(&err);
    return finding;
}

static struct finding *by_exit(const struct trial_record *record, struct buffer *title)
{
    int status = WEXITSTATUS(record->status);
    enum worker_state state = trial_state(record);
    char key[96];
    if (state == WORKER_STARTING) { /* the client is not loaded yet */
        buffer_printf(title,
                      "the worker ended with status %d before it loaded the client; was it built "
                      "with this eighth?",
                      status);
        return finding_new(FINDING_INFRA, "infra/worker did not start", buffer_text(title));
    }
    if (state == WORKER_FINISHED) {
        (void)snprintf(key, sizeof key, "crash/exit %d/finished", status);
        buffer_printf(title, "the worker exited with status %d after all was done", status);
    } else {
        (void)snprintf(key, sizeof key, "crash/exit %d%s%s", status,
                       state == WORKER_RUNNING ? "" : "/",
                       state == WORKER_RUNNING ? "" : words_worker_state(state));
        buffer_printf(title, "exited early: the client ended the process with status %d", status);
        add_whereabouts(record, title);
    }
    return finding_new(FINDING_CRASH, key, buffer_text(title));
}

static struct finding *by_memory(const struct trial_record *record, uint64_t memory_bytes,
                                 struct buffer *title)
{
    buffer_puts(title, "memory limit exceeded: ");
    words_size(title, record->peak_rss);
    buffer_puts(title, " resident, ");
    words_size(title, memory_bytes);
    buffer_puts(title, " allowed (limits.memory)");
    return finding_new(FINDING_CRASH, "crash/memory limit", buffer_text(title));
}

static struct finding *by_deadline(const struct trial_record *record, const struct culprit *culprit,
                                   uint64_t deadline_ns, struct buffer *title)
{
    const char *operation = culprit->has_doing && culprit->doing.busy
                                ? flight_operation_name(culprit->doing.last.operation)
                                : words_worker_state(trial_state(record));
    char key[96];
    (void)snprintf(key, sizeof key, "hang/%s", operation);
    headline_of_hang(record, culprit, deadline_ns, title);
    struct finding *finding = finding_new(FINDING_HANG, key, buffer_text(title));
    if (finding != NULL) {
        sign(record, culprit, operation, finding);
    }
    return finding;
}

static struct finding *classify(const struct trial_record *record, const struct culprit *culprit,
                                uint64_t deadline_ns, uint64_t memory_bytes, struct buffer *title)
{
    struct finding *finding = NULL;
    switch (record->stop) {
    case TRIAL_STOP_DEADLINE:
        return by_deadline(record, culprit, deadline_ns, title);
    case TRIAL_STOP_MEMORY:
        return by_memory(record, memory_bytes, title);
    case TRIAL_STOP_TARGET:
    case TRIAL_STOP_INTERRUPT:
        return NULL;
    case TRIAL_NOT_STOPPED:
        break;
    }
    if (record->stacks.signal.number == 0) {
        finding = by_runtime(record);
    }
    if (finding != NULL) {
        return finding;
    }
    return WIFSIGNALED(record->status) ? by_signal(record, culprit, title) : by_exit(record, title);
}

static void add_proof(const struct trial_record *record, const struct culprit *culprit,
                      struct finding *finding)
{
    culprit_add(record, culprit, finding);
    culprit_add_stacks(record, culprit,
                       finding->kind == FINDING_HANG ? "longest in its operation"
                       : culprit->sure               ? "crashed"
                                                     : "",
                       finding);
    if (output_total(&record->err) > 0) {
        struct buffer tail = BUFFER_INIT;
        output_end(&record->err, STDERR_SHOWN, &tail);
        finding_add_evidence(finding, "standard error (its end)", buffer_text(&tail));
        buffer_clear(&tail);
    }
}

struct finding *death_judge(const struct trial_record *record, uint64_t deadline_ns,
                            uint64_t memory_bytes)
{
    if (!record->started || record->logbook == NULL || trial_ended_well(record) ||
        trial_state(record) == WORKER_REFUSED) {
        return NULL;
    }
    struct buffer title = BUFFER_INIT;
    struct culprit culprit;
    if (record->stop == TRIAL_STOP_DEADLINE) {
        culprit_of_hang(record, &culprit);
    } else {
        culprit_of_death(record, &culprit);
    }
    struct finding *finding = classify(record, &culprit, deadline_ns, memory_bytes, &title);
    buffer_clear(&title);
    if (finding != NULL) {
        add_proof(record, &culprit, finding);
    }
    return finding;
}
