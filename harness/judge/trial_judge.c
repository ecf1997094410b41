/* SPDX-License-Identifier: MIT
 *
 * Brings together the end of the worker, its operations, its leaks and the state of the machine.
 */
#include "harness/judge/trial_judge.h"

#include "harness/judge/acceptance.h"
#include "harness/judge/death.h"
#include "harness/judge/leak.h"
#include "harness/judge/leak_origins.h"
#include "harness/judge/misuse.h"
#include "harness/judge/programs.h"
#include "harness/judge/reports.h"
#include "harness/judge/totals.h"
#include "harness/judge/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

void trial_judge_init(struct trial_judge *judge, const struct scenario *scenario)
{
    judge->scenario = scenario;
    observations_init(&judge->observations, scenario);
}

void trial_judge_release(struct trial_judge *judge)
{
    observations_release(&judge->observations);
}

void trial_judge_listen(struct trial_judge *judge, struct trial_record *record,
                        struct target_process *target, bool final)
{
    struct observations *observations = &judge->observations;
    bool interrupted = record->stop == TRIAL_STOP_INTERRUPT;
    /* What waits for a ledger that did not settle any more is not judged. */
    final = final && (!interrupted || !record->has_target || record->settled);
    observations->until = interrupted ? record->stopped_at : 0;
    observations->trial = record->index;
    observations->seed = record->seed;
    observations->first_ordinal = record->first_ordinal;
    observations->ledger = target != NULL ? target->ledger : NULL;
    observations->refuse_port = target != NULL ? target->ledger->refuse_port : 0;
    if (record->logbook != NULL) {
        observations_take(observations, record->logbook, final);
    }
    if (final && target != NULL) {
        uint64_t gone = acceptance_check(observations, record->last_ordinal);
        if (gone > 0 && record->failure.kind == FAILURE_NONE && !record->target_died) {
            (void)failure_set(&record->failure, FAILURE_ENVIRONMENT,
                              "the trial had more connections with faults than the target's ledger "
                              "keeps: %" PRIu64 " were not checked; use fewer cycles in a trial",
                              gone);
        }
    }
}

bool trial_judge_refused(const struct trial_record *record, struct failure *failure)
{
    if (trial_state(record) != WORKER_REFUSED) {
        return false;
    }
    struct buffer text = BUFFER_INIT;
    words_clean(&text, record->logbook->failure_text, sizeof record->logbook->failure_text);
    enum failure_kind kind =
        record->logbook->failure_kind == FAILURE_USAGE ? FAILURE_USAGE : FAILURE_ENVIRONMENT;
    (void)failure_set(
        failure, kind, "%s%s",
        record->programs != NULL ? "" : "the worker cannot start: ", buffer_text(&text));
    buffer_clear(&text);
    return true;
}

static void add_infra(struct finding_list *findings, const struct trial_record *record,
                      const char *key, const char *title)
{
    (void)finding_list_add(findings, finding_new(FINDING_INFRA, key, title), record->index,
                           record->seed);
}

static void judge_machine(const struct trial_judge *judge, const struct trial_record *record,
                          struct finding_list *findings)
{
    (void)judge;
    struct failure refusal = FAILURE_INIT;
    if (record->target_died) {
        add_infra(findings, record, "infra/target died", record->target_text);
    }
    if (record->target_stuck && !record->target_died) {
        add_infra(findings, record, "infra/target stuck", record->target_text);
    }
    if (record->failure.kind != FAILURE_NONE && !record->target_died) {
        char key[160];
        (void)snprintf(key, sizeof key, "infra/%.140s", record->failure.text);
        add_infra(findings, record, key, record->failure.text);
    }
    if (trial_judge_refused(record, &refusal)) {
        add_infra(findings, record, "infra/worker refused", refusal.text);
    }
    if (record->target_active > 0 && !record->target_stuck &&
        record->stop != TRIAL_STOP_INTERRUPT) {
        char title[160];
        (void)snprintf(title, sizeof title,
                       "%" PRIu64 " connections still lived at the target after the worker's end; "
                       "the target was restarted",
                       record->target_active);
        add_infra(findings, record, "infra/target not quiet", title);
    }
    uint64_t lost =
        record->logbook == NULL
            ? 0
            : atomic_load_explicit(&record->logbook->observation_lost, memory_order_acquire);
    if (lost > 0) {
        char title[160];
        (void)snprintf(title, sizeof title,
                       "%" PRIu64 " observations were lost because the logbook was full", lost);
        add_infra(findings, record, "infra/observations lost", title);
    }
}

/* Whether each connection that the client says to have was there at the target: its handshake was
 * done with somebody, or each had a request answered. One in clear text that says nothing may be
 * dropped by a kernel whose queue is full, and nobody hears of it. */
static bool were_connected(const struct scenario *scenario, const struct logbook_counters *driver,
                           const struct ledger_counters *target)
{
    return scenario->target.embedded.tls || (driver->requests_answered >= driver->connects &&
                                             target->responses >= driver->requests_answered);
}

static void add_too_few(const struct trial_judge *judge, struct trial_record *record,
                        const struct logbook_counters *driver, const struct ledger_counters *target,
                        struct finding_list *findings)
{
    char title[400];
    if (were_connected(judge->scenario, driver, target)) {
        (void)snprintf(title, sizeof title,
                       "%" PRIu64 " connects succeeded, but the target accepted only %" PRIu64
                       " connections: the client answers a connect from a connection that it has "
                       "already, or connects later; if that is meant, set client.pools to true",
                       driver->connects, target->accepted);
        (void)finding_list_add(findings,
                               finding_new(FINDING_WRONG_TOTAL, "wrong-total/connections", title),
                               record->index, record->seed);
        return;
    }
    (void)snprintf(title, sizeof title,
                   "counts disagree: the driver opened %" PRIu64
                   " connections, the target accepted %" PRIu64
                   "; if the client keeps a pool, set client.pools to true",
                   driver->connects, target->accepted);
    add_infra(findings, record, "infra/counts disagree", title);
}

/* In a trial without faults, races or failures both sides must have counted the same. A client may
 * have connected more often than it was asked to: one that keeps a pool, or opens a connection that
 * has died again by itself. One connection that serves several opens is told by client.pools. */
static void judge_counts(const struct trial_judge *judge, struct trial_record *record,
                         struct finding_list *findings, struct buffer *notes)
{
    const struct scenario *scenario = judge->scenario;
    struct logbook_counters driver;
    struct ledger_counters target;
    if (record->programs != NULL || !record->has_target || !record->settled ||
        !trial_ended_well(record) || findings->count > 0 ||
        scenario->target.embedded.fault_count > 0 || judge->observations.racing > 0) {
        return;
    }
    result_sum_lanes(record, &driver);
    if (driver.races_cancelled > 0 || driver.handshakes_failed > 0 || driver.cycles_failed > 0) {
        return;
    }
    for (size_t phase = 0; phase < LOGBOOK_PHASES; phase++) {
        for (size_t class = 0; class < LOGBOOK_CLASSES; class ++) {
            if (driver.errors[phase][class] > 0) {
                return; /* expected by a step: connections may have failed half-way */
            }
        }
    }
    result_ledger_difference(&record->at_end, &record->at_begin, &target);
    if (driver.connects < target.accepted) {
        buffer_printf(notes, "the client made more connections than it was asked to open (see "
                             "connections_at_target): it reconnects by itself, or keeps a pool\n");
    } else if (driver.connects > target.accepted && !scenario->client.pools) {
        add_too_few(judge, record, &driver, &target, findings);
    }
}

static bool has_real_finding(const struct finding_list *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i]->kind != FINDING_INFRA) {
            return true;
        }
    }
    return false;
}

static bool is_real(const struct finding *finding)
{
    return finding->kind != FINDING_INFRA;
}

/* A client that waits for a target that does not run: in vain, or past its time. How long a program
 * waits is not known, only that it failed. */
static bool is_wait(const struct finding *finding)
{
    const char *key = finding->signature.key;
    return finding->kind == FINDING_HANG ||
           (finding->kind == FINDING_ERROR &&
            (strstr(key, "/timeout") != NULL || strstr(key, "/overrun") != NULL ||
             strncmp(key, "error/run/", strlen("error/run/")) == 0));
}

/* Returns how many. */
static size_t drop(struct finding_list *findings, bool (*condemned)(const struct finding *finding))
{
    size_t count = findings->count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (condemned(findings->items[i])) {
            finding_free(findings->items[i]);
        } else {
            findings->items[kept++] = findings->items[i];
        }
    }
    findings->count = kept;
    return count - kept;
}

/* What the client did after its target had died, or before it was stopped for that, says nothing
 * about the client; of a target that only stood still, that it waited. spoiled: nothing counts. */
static void drop_consequences(struct finding_list *findings, struct trial_record *record,
                              bool spoiled)
{
    if (spoiled) {
        (void)drop(findings, is_real);
    } else if (record->target_stuck) {
        (void)drop(findings, is_wait);
    } else if (record->target_paused && drop(findings, is_wait) > 0) {
        add_infra(findings, record, "infra/target paused",
                  "the target was stopped for a while, and the client waited for it in vain");
    }
}

static void add_explained(struct scenario_result *result, const struct observations *observations)
{
    result->unexplained_errors += observations->unexplained;
    for (size_t fault = 0; fault < FAULT_COUNT; fault++) {
        for (size_t phase = 0; phase < LOGBOOK_PHASES; phase++) {
            for (size_t class = 0; class < LOGBOOK_CLASSES; class ++) {
                result->explained[fault][phase][class] +=
                    observations->explained[fault][phase][class];
            }
        }
    }
}

static void add_notes(struct scenario_result *result, struct buffer *notes)
{
    char *rest = notes->text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line != '\0') {
            result_note(result, line);
        }
    }
    buffer_clear(notes);
}

/* True if its sanitizer could not check it: nothing that it did says anything. */
static bool judge_worker(struct trial_judge *judge, struct trial_record *record,
                         struct buffer *notes)
{
    struct finding_list *findings = &judge->observations.findings;
    struct buffer failed = BUFFER_INIT;
    bool unchecked = reports_of_failure(record, &failed);
    if (!unchecked && !reports_judge(record, findings)) {
        (void)finding_list_add(
            findings,
            death_judge(record, judge->scenario->deadline_ns, judge->scenario->limits.memory_bytes),
            record->index, record->seed);
    }
    if (unchecked) {
        add_infra(findings, record, "infra/sanitizer failed", buffer_text(&failed));
    }
    buffer_clear(&failed);
    if (trial_ended_well(record)) {
        leak_judge(record->logbook, &record->descriptors, record->index, record->seed, findings,
                   notes);
        leak_origins_add(record, findings);
        totals_judge(record, findings);
    }
    misuse_judge(record, findings);
    return unchecked;
}

/* The driver holds no client: its own end says nothing about the program. */
static void judge_programs(struct trial_judge *judge, struct trial_record *record,
                           struct buffer *notes)
{
    char name[32];
    char title[256];
    programs_judge(record, &judge->observations, notes);
    if (trial_ended_well(record) || !record->started || record->stop == TRIAL_STOP_INTERRUPT ||
        record->stop == TRIAL_STOP_TARGET || trial_state(record) == WORKER_REFUSED) {
        return;
    }
    if (WIFSIGNALED(record->status)) {
        (void)snprintf(title, sizeof title, "the process that drives the program was killed by %s",
                       child_signal_name(WTERMSIG(record->status), name, sizeof name));
    } else {
        (void)snprintf(title, sizeof title,
                       "the process that drives the program ended with status %d",
                       WEXITSTATUS(record->status));
    }
    add_infra(&judge->observations.findings, record, "infra/programs", title);
}

enum trial_outcome trial_judge_end(struct trial_judge *judge, struct trial_record *record,
                                   struct scenario_result *result)
{
    struct finding_list *findings = &judge->observations.findings;
    bool interrupted = record->stop == TRIAL_STOP_INTERRUPT && !record->target_died;
    result->interrupted = result->interrupted || interrupted;
    struct buffer notes = BUFFER_INIT;
    bool unchecked = false;
    if (record->programs != NULL) {
        judge_programs(judge, record, &notes);
    } else {
        unchecked = judge_worker(judge, record, &notes);
    }
    judge_machine(judge, record, findings);
    judge_counts(judge, record, findings, &notes);
    bool spoiled = record->target_died || unchecked || !record->started ||
                   trial_state(record) == WORKER_REFUSED;
    drop_consequences(findings, record, spoiled);
    enum trial_outcome outcome = has_real_finding(findings) ? OUTCOME_FINDINGS
                                 : interrupted              ? OUTCOME_INTERRUPTED
                                 : findings->count > 0      ? OUTCOME_INFRA
                                                            : OUTCOME_CLEAN;
    /* An interrupted trial is not a judged one, but what it did until then was done. */
    if (outcome != OUTCOME_INFRA && !(outcome == OUTCOME_INTERRUPTED && spoiled)) {
        result_add_trial(result, record);
        add_explained(result, &judge->observations);
    }
    add_notes(result, &notes);
    if (record->stacks_refused[0] != '\0') {
        result_note(result, record->stacks_refused);
    }
    finding_list_move(&result->findings, findings, record->index, record->seed);
    result_add_outcome(result, record, outcome);
    return outcome;
}
