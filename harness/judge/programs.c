/* SPDX-License-Identifier: MIT
 *
 * Makes a trial record of each process, which the judges of workers can read.
 */
#include "harness/judge/programs.h"

#include "client/eighth_client.h"
#include "harness/judge/death.h"
#include "harness/judge/program_growth.h"
#include "harness/judge/program_module.h"
#include "harness/judge/reports.h"
#include "harness/judge/words.h"
#include "harness/watch/child.h"
#include "harness/watch/foreign_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define STDERR_SHOWN 4096
#define LINE_SHOWN 200

/* One process, as the judges of workers see it. */
struct view {
    const struct program_end *end;
    const struct step *step;
    struct observations *observations;
    struct trial_record record;
    struct ledger_visit visit; /* its connections, now that the ledger is whole */
    bool counted;              /* the target is ours: visit is valid */
    uint64_t deadline_ns;      /* that it did not keep, if it was stopped for that */
};

/* ---- the view ---- */

static const struct step *step_of(const struct scenario *scenario, uint32_t index)
{
    for (size_t i = 0; i < scenario->step_count; i++) {
        if (scenario->steps[i].index == index) {
            return &scenario->steps[i];
        }
    }
    return &scenario->steps[0];
}

/* A logbook with one lane, whose thread is inside of `run`. */
static int view_open_logbook(struct view *view)
{
    struct trial_record *record = &view->record;
    const struct program_end *end = view->end;
    struct logbook *logbook = NULL;
    if (posix_memalign((void **)&logbook, 4096, logbook_size(1)) != 0) {
        return -1;
    }
    memset(logbook, 0, offsetof(struct logbook, observations));
    struct logbook_lane *lane = logbook_lane(logbook, 0);
    memset(lane, 0, sizeof *lane);
    atomic_store_explicit(&logbook->state, WORKER_RUNNING, memory_order_relaxed);
    logbook->lanes = 1;
    lane->role = LANE_PROGRAM;
    lane->tid =
        end->stacks.count > 0 && end->stacks.signal.number != 0 ? end->stacks.signal.tid : end->pid;
    struct flight_record run = {
        .time = end->begun,
        .instance = end->instance,
        .cycle = (uint32_t)end->cycle,
        .connection = (uint32_t)view->visit.connections,
        .step = (uint16_t)end->step,
        .operation = FLIGHT_RUN,
        .edge = FLIGHT_BEGIN,
        .fd = -1,
    };
    flight_write(&lane->flight, &run);
    record->logbook = logbook;
    record->lanes = 1;
    return 0;
}

static enum trial_stop stop_of(const struct program_end *end)
{
    switch (end->stop) {
    case PROGRAM_STOP_TIMEOUT:
    case PROGRAM_STOP_DEADLINE:
        return TRIAL_STOP_DEADLINE;
    case PROGRAM_STOP_MEMORY:
        return TRIAL_STOP_MEMORY;
    default:
        return TRIAL_NOT_STOPPED;
    }
}

static void view_count(struct view *view, const struct trial_record *trial)
{
    struct ledger *ledger = view->observations->ledger;
    const struct program_end *end = view->end;
    view->counted = ledger != NULL;
    if (!view->counted) {
        return;
    }
    ledger_look(ledger, trial->first_ordinal - 1, trial->last_ordinal, end->port, end->begun,
                end->settled, &view->visit);
    view->record.first_ordinal = trial->first_ordinal;
    view->record.last_ordinal = view->visit.last;
    view->record.has_target = true;
}

/* The texts and stacks move into the view. */
static int view_open(struct view *view, const struct trial_record *trial, struct program_end *end,
                     struct observations *observations)
{
    struct trial_record *record = &view->record;
    memset(view, 0, sizeof *view);
    trial_init(record);
    view->end = end;
    view->observations = observations;
    view->step = step_of(observations->scenario, end->step);
    view->deadline_ns = end->stop == PROGRAM_STOP_DEADLINE ? observations->scenario->deadline_ns
                                                           : view->step->timeout_ns;
    record->index = trial->index;
    record->seed = trial->seed;
    record->started = true;
    record->stop = stop_of(end);
    record->forced = end->forced;
    record->status = end->status;
    record->begun = end->begun;
    record->ended = end->ended;
    record->stopped_at = end->stopped_at;
    record->peak_rss = trial->peak_rss;
    output_open(&record->out, -1, end->out.length + 1);
    output_open(&record->err, -1, 2 * end->err.length + 2);
    output_keep(&record->out, buffer_text(&end->out), end->out.length);
    output_keep(&record->err, buffer_text(&end->err), end->err.length);
    record->stacks = end->stacks;
    memset(&end->stacks, 0, sizeof end->stacks);
    record->sanitizer = end->sanitizer;
    memset(&end->sanitizer, 0, sizeof end->sanitizer);
    record->sanitized = record->sanitizer.length > 0 || end->sanitizer_exit;
    record->sanitizer_exit = end->sanitizer_exit;
    (void)snprintf(record->module, sizeof record->module, "%s",
                   program_module(&record->stacks, trial->module));
    if (end->untraced && !record->sanitized) {
        (void)snprintf(record->stacks_refused, sizeof record->stacks_refused,
                       "there are no stacks: the program could not be traced, or is built with a "
                       "sanitizer that looks for leaks, which cannot where somebody traces");
    }
    view_count(view, trial);
    struct stack_signal signal = record->stacks.signal;
    end->stacks.signal = signal; /* for the lane */
    end->stacks.count = record->stacks.count;
    int result = view_open_logbook(view);
    memset(&end->stacks, 0, sizeof end->stacks);
    return result;
}

static void view_close(struct view *view)
{
    free(view->record.logbook);
    view->record.logbook = NULL;
    trial_release(&view->record);
}

/* ---- findings ---- */

/* "on its connection 8", as far as the target knows. */
static void tell_connection(const struct view *view, struct buffer *text)
{
    uint64_t connections = view->visit.connections;
    if (!view->counted) {
        return;
    }
    if (connections == 0) {
        buffer_puts(text, ", without any connection to the target");
    } else if (view->visit.unsure > 0) {
        buffer_printf(text, ", after its connection %" PRIu64 " (or up to %" PRIu64 " fewer)",
                      connections, view->visit.unsure);
    } else {
        buffer_printf(text, ", after its connection %" PRIu64, connections);
    }
}

static void add(struct view *view, struct finding *finding)
{
    const struct program_end *end = view->end;
    struct observations *observations = view->observations;
    if (finding == NULL) {
        return;
    }
    finding->first_connection = (uint32_t)view->visit.connections;
    if (view->counted && view->visit.last != 0) {
        finding->trial_connection = (uint32_t)(view->visit.last - view->record.first_ordinal + 1);
        finding->ledger_connections = finding->trial_connection;
    }
    finding->has_instance = true;
    finding->instance = end->instance;
    finding->pid = end->pid;
    if (finding->phase[0] == '\0') {
        (void)snprintf(finding->phase, sizeof finding->phase, "%s",
                       flight_operation_name(FLIGHT_RUN));
    }
    struct buffer where = BUFFER_INIT;
    buffer_printf(&where, "process %u of the trial (pid %d), of instance %u, cycle %" PRIu64 "\n",
                  end->process, (int)end->pid, end->instance, end->cycle);
    if (view->counted) {
        buffer_printf(&where, "its connections at the target: %" PRIu64 "%s\n",
                      view->visit.connections,
                      view->visit.unsure > 0 ? " (not sure: see the title)" : "");
        if (view->visit.last != 0) {
            buffer_printf(&where, "the last of them was connection %u of the trial\n",
                          finding->trial_connection);
        }
    } else {
        buffer_puts(&where, "its connections are not known: the target is not eighth's own\n");
    }
    finding_add_evidence(finding, "process", buffer_text(&where));
    buffer_clear(&where);
    (void)finding_list_add(&observations->findings, finding, observations->trial,
                           observations->seed);
}

static void add_stderr(const struct view *view, struct finding *finding)
{
    struct buffer tail = BUFFER_INIT;
    if (finding != NULL && output_total(&view->record.err) > 0) {
        output_end(&view->record.err, STDERR_SHOWN, &tail);
        finding_add_evidence(finding, "standard error (its end)", buffer_text(&tail));
    }
    buffer_clear(&tail);
}

/* The last line that says something. */
static void tell_last_line(const struct view *view, struct buffer *text)
{
    struct buffer tail = BUFFER_INIT;
    output_end(&view->record.err, STDERR_SHOWN, &tail);
    while (tail.length > 0 && strchr("\n\r\t ", tail.text[tail.length - 1]) != NULL) {
        tail.text[--tail.length] = '\0';
    }
    const char *newline = tail.length > 0 ? strrchr(tail.text, '\n') : NULL;
    const char *line = newline != NULL ? newline + 1 : buffer_text(&tail);
    if (*line != '\0') {
        buffer_puts(text, ": ");
        words_clean(text, line, LINE_SHOWN);
    }
    buffer_clear(&tail);
}

/* Adds what runtimes wrote to standard error. explained: only what no failed connection excuses.
 * True if there was something. */
static bool add_runtimes(struct view *view, bool explained)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    struct buffer err = BUFFER_INIT;
    bool found = false;
    output_text(&view->record.err, &err);
    foreign_parse(buffer_text(&err), err.length, &log);
    for (uint32_t i = log.count; i > 0; i--) {
        const struct sanitizer_report *report = &log.reports[i - 1];
        if (foreign_counts(&log, i - 1, explained)) {
            struct finding *finding =
                reports_finding(&view->record, report, buffer_text(&err), i - 1);
            add_stderr(view, finding);
            add(view, finding);
            found = true;
        }
    }
    sanitizer_log_release(&log);
    buffer_clear(&err);
    return found;
}

/* A shell, or whatever else runs a command, tells its death so; it is not seen itself. */
static void add_death_of_child(struct view *view, int number)
{
    int status = WEXITSTATUS(view->end->status);
    struct buffer title = BUFFER_INIT;
    char key[96];
    char name[32];
    (void)snprintf(key, sizeof key, "crash/run/exit %d", status);
    buffer_printf(&title,
                  "the program exited with status %d, as a shell does whose command died "
                  "of %s",
                  status, child_signal_name(number, name, sizeof name));
    tell_connection(view, &title);
    tell_last_line(view, &title);
    struct finding *finding = finding_new(FINDING_CRASH, key, buffer_text(&title));
    buffer_clear(&title);
    add_stderr(view, finding);
    add(view, finding);
}

static void add_exit(struct view *view)
{
    int status = WEXITSTATUS(view->end->status);
    struct buffer title = BUFFER_INIT;
    char key[96];
    (void)snprintf(key, sizeof key, "error/run/exit %d", status);
    buffer_printf(&title, "the program exited with status %d, not %d", status,
                  view->step->expect.exit_status);
    tell_connection(view, &title);
    tell_last_line(view, &title);
    struct finding *finding = finding_new(FINDING_ERROR, key, buffer_text(&title));
    buffer_clear(&title);
    add_stderr(view, finding);
    view->observations->unexplained++;
    add(view, finding);
}

static const struct fault_kind *fault_of(const struct view *view)
{
    if (view->end->refused) {
        return fault_kind_of(FAULT_REFUSE);
    }
    return view->visit.fault != 0 ? fault_kind_of(view->visit.fault) : NULL;
}

static void judge_status(struct view *view)
{
    struct observations *observations = view->observations;
    const struct fault_kind *fault = fault_of(view);
    bool explained = fault != NULL;
    int number = program_child_signal(WEXITSTATUS(view->end->status));
    if (add_runtimes(view, explained)) {
        return;
    }
    if (number != 0) {
        add_death_of_child(view, number);
        return;
    }
    if (explained) {
        observations->explained[fault->id][EIGHTH_PHASE_NONE][EIGHTH_INTERNAL]++;
        observations->explained_count++;
        return;
    }
    add_exit(view);
}

static void judge_leftovers(struct view *view)
{
    const struct program_end *end = view->end;
    struct buffer title = BUFFER_INIT;
    buffer_printf(&title, "%u %s of the program lived on after it had ended", end->leftovers,
                  end->leftovers == 1 ? "process" : "processes");
    buffer_puts(&title, end->immortal > 0 ? "; not all of them could be killed"
                                          : "; eighth killed what did not end");
    struct finding *finding = finding_new(FINDING_LEAK, "leak/processes", buffer_text(&title));
    buffer_clear(&title);
    if (finding != NULL) {
        finding_add_evidence(finding, "processes left", buffer_text(&end->left));
    }
    add_stderr(view, finding);
    add(view, finding);
}

static void judge_silent(struct view *view)
{
    uint32_t expected = view->step->expect.connections;
    struct buffer title = BUFFER_INIT;
    if (!view->counted || view->visit.connections >= expected || view->visit.gone > 0) {
        return;
    }
    buffer_printf(&title,
                  "the program ended well, but the target saw %" PRIu64 " of the at least %u %s "
                  "that `expect.connections` asks for",
                  view->visit.connections, expected, expected == 1 ? "connection" : "connections");
    struct finding *finding =
        finding_new(FINDING_ERROR, "error/run/connections", buffer_text(&title));
    buffer_clear(&title);
    add_stderr(view, finding);
    view->observations->unexplained++;
    add(view, finding);
}

static void judge_growth(struct view *view, bool threads)
{
    struct program_growth growth;
    program_growth_judge(view->end->samples, view->end->sample_count, threads, &growth);
    if (!growth.grows) {
        return;
    }
    const char *what = threads ? "threads" : "descriptors";
    struct buffer text = BUFFER_INIT;
    char key[48];
    (void)snprintf(key, sizeof key, "leak/program %s", what);
    buffer_printf(&text,
                  "the program's %s grow by %.2g for each connection (95 %%: %.2g to %.2g), from "
                  "%u to %u",
                  what, growth.each, growth.interval.low, growth.interval.high, growth.first,
                  growth.last);
    struct finding *finding = finding_new(FINDING_LEAK, key, buffer_text(&text));
    buffer_clear(&text);
    buffer_printf(
        &text,
        "%u samples from outside, from its connection %u to its connection %u, behind the "
        "warm-up\n",
        growth.samples, growth.first_connections, growth.last_connections);
    if (finding != NULL) {
        finding_add_evidence(finding, "growth", buffer_text(&text));
    }
    buffer_clear(&text);
    add(view, finding);
}

/* Moves what the judges of workers found, as of this process. */
static size_t take_findings(struct view *view, struct finding_list *list)
{
    size_t count = list->count;
    for (size_t i = 0; i < count; i++) {
        struct finding *finding = list->items[i];
        list->items[i] = NULL;
        finding->occurrences = 0;
        add(view, finding);
    }
    list->count = 0;
    finding_list_clear(list);
    return count;
}

static bool judge_sanitizer(struct view *view)
{
    struct finding_list list = {NULL, 0, 0};
    struct buffer failed = BUFFER_INIT;
    struct observations *observations = view->observations;
    if (reports_of_failure(&view->record, &failed)) {
        (void)finding_list_add(
            &observations->findings,
            finding_new(FINDING_INFRA, "infra/sanitizer failed", buffer_text(&failed)),
            observations->trial, observations->seed);
        buffer_clear(&failed);
        return true;
    }
    (void)reports_judge(&view->record, &list);
    return take_findings(view, &list) > 0;
}

static void judge_death(struct view *view)
{
    struct finding *finding = death_judge(&view->record, view->deadline_ns,
                                          view->observations->scenario->limits.memory_bytes);
    add(view, finding);
}

static void judge_end(struct view *view)
{
    uint32_t reasons = view->end->reasons;
    bool told = view->record.sanitized && judge_sanitizer(view);
    if ((reasons & (PROGRAM_STOPPED | PROGRAM_DIED)) != 0) {
        /* A sanitizer that reports a death ends the process with its own status, not by a signal.
         */
        judge_death(view);
    } else if ((reasons & PROGRAM_STATUS) != 0 && !(told && view->end->sanitizer_exit)) {
        judge_status(view);
    }
    if ((reasons & PROGRAM_LEFTOVERS) != 0) {
        judge_leftovers(view);
    }
    if ((reasons & PROGRAM_SILENT) != 0) {
        judge_silent(view);
    }
    if ((reasons & PROGRAM_GROWTH) != 0) {
        judge_growth(view, false);
        judge_growth(view, true);
    }
}

/* ---- what belongs to no process alone ---- */

static void add_for_all(struct observations *observations, struct finding *finding,
                        const char *evidence, const char *text)
{
    if (finding != NULL && text[0] != '\0') {
        finding_add_evidence(finding, evidence, text);
    }
    (void)finding_list_add(&observations->findings, finding, observations->trial,
                           observations->seed);
}

static void judge_strangers(const struct program_end *end, struct observations *observations)
{
    struct buffer title = BUFFER_INIT;
    buffer_printf(&title,
                  "%u %s of one of %u programs lived on after it had ended (with a session and an "
                  "environment of its own, so which one is not known); eighth killed it",
                  end->leftovers, end->leftovers == 1 ? "process" : "processes", end->among);
    add_for_all(observations, finding_new(FINDING_LEAK, "leak/processes", buffer_text(&title)),
                "processes left", buffer_text(&end->left));
    buffer_clear(&title);
}

static void judge_strays(const struct trial_record *record, struct observations *observations)
{
    const struct program_log *log = record->programs;
    uint32_t count = atomic_load_explicit(&log->strays, memory_order_acquire);
    char name[32];
    char title[192];
    char sender[96];
    if (count == 0 || record->stop != TRIAL_NOT_STOPPED) {
        return;
    }
    uint32_t number = atomic_load_explicit(&log->stray_number, memory_order_relaxed);
    (void)snprintf(title, sizeof title,
                   "%s was sent to the process that drives the program, not by eighth: it was "
                   "ignored",
                   child_signal_name((int)number, name, sizeof name));
    (void)snprintf(sender, sizeof sender, "%u signals; the last one was sent by pid %u\n", count,
                   atomic_load_explicit(&log->stray_sender, memory_order_relaxed));
    add_for_all(observations, finding_new(FINDING_INFRA, "infra/programs signal", title), "sender",
                sender);
}

/* The processes that run at the deadline have findings of their own. */
static void judge_idle_deadline(const struct trial_record *record,
                                struct observations *observations)
{
    struct buffer title = BUFFER_INIT;
    if (atomic_load_explicit(&record->programs->idle_deadline, memory_order_acquire) == 0) {
        return;
    }
    buffer_puts(&title, "not done at the deadline of ");
    words_duration(&title, observations->scenario->deadline_ns);
    buffer_puts(&title, ": no process of the program ran, and not all had begun");
    add_for_all(observations, finding_new(FINDING_HANG, "hang/programs idle", buffer_text(&title)),
                "", "");
    buffer_clear(&title);
}

/* ---- what could not be checked ---- */

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_acquire);
}

static void add_notes(const struct trial_record *record, const struct observations *observations,
                      struct buffer *notes)
{
    const struct program_log *log = record->programs;
    buffer_puts(notes, "external program: what it sends and receives is not checked (status, body, "
                       "nonce), nor what it holds in memory; descriptors and threads only for "
                       "growth, from outside\n");
    if (observations->ledger == NULL) {
        buffer_puts(notes, "external program at an external target: its connections are not "
                           "known, so no fault explains a failure and no ordinal is told\n");
    }
    if (get(&log->lost) > 0) {
        buffer_printf(notes, "%" PRIu64 " more bad ends of processes had no room in the log\n",
                      get(&log->lost));
    }
    if (get(&log->strangers) > 0) {
        buffer_printf(notes,
                      "%" PRIu64 " processes were killed that had left their program; whose they "
                      "were is not known\n",
                      get(&log->strangers));
    }
    if (get(&log->not_sure) > 0) {
        buffer_printf(notes,
                      "%" PRIu64 " times the target had not yet accepted all connections of a "
                      "process when the next one began: their ordinals may be wrong\n",
                      get(&log->not_sure));
    }
}

void programs_judge(const struct trial_record *record, struct observations *observations,
                    struct buffer *notes)
{
    struct program_end end;
    uint64_t cursor = 0;
    while (program_log_next(record->programs, &cursor, &end)) {
        struct view view;
        if (end.among != 0) {
            judge_strangers(&end, observations);
        } else if (end.stop != PROGRAM_STOP_ORDER && end.stop <= PROGRAM_STOP_ORDER &&
                   view_open(&view, record, &end, observations) == 0) {
            judge_end(&view);
            view_close(&view);
        }
        program_end_release(&end);
    }
    judge_strays(record, observations);
    judge_idle_deadline(record, observations);
    for (unsigned fault = 0; fault < FAULT_COUNT; fault++) {
        uint64_t count = get(&record->programs->explained[fault]);
        observations->explained[fault][EIGHTH_PHASE_NONE][EIGHTH_INTERNAL] += count;
        observations->explained_count += count;
    }
    add_notes(record, observations, notes);
}
