/* SPDX-License-Identifier: MIT
 *
 * Adds up what trials left.
 */
#include "harness/judge/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Notes are for a human; a worker that makes up a new one each trial must not fill the memory. */
#define MOST_NOTES 100

const char *trial_outcome_name(enum trial_outcome outcome)
{
    static const char *const names[] = {"clean", "findings", "infra", "interrupted"};
    return names[outcome];
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"pass", "fail", "inconclusive"};
    return names[verdict];
}

void result_init(struct scenario_result *result, const struct scenario *scenario,
                 const char *flavor)
{
    memset(result, 0, sizeof *result);
    result->scenario = scenario;
    result->flavor = flavor;
    result->verdict = VERDICT_INCONCLUSIVE;
    result->trials_planned = scenario != NULL ? scenario->trials : 0;
    result->stop_rule = "";
    result->jobs = 1;
}

void result_release(struct scenario_result *result)
{
    finding_list_clear(&result->findings);
    for (size_t i = 0; i < result->note_count; i++) {
        free(result->notes[i]);
    }
    free(result->notes);
    for (uint32_t i = 0; i < result->series_count; i++) {
        free(result->series[i].samples);
    }
    for (size_t i = 0; i < result->trial_count; i++) {
        free(result->trials[i].figures);
    }
    free(result->trials);
    memset(result, 0, sizeof *result);
}

void result_note(struct scenario_result *result, const char *text)
{
    for (size_t i = 0; i < result->note_count; i++) {
        if (strcmp(result->notes[i], text) == 0) {
            return;
        }
    }
    if (result->note_count >= MOST_NOTES) {
        return;
    }
    char *copy = strdup(text);
    char **more = realloc(result->notes, (result->note_count + 1) * sizeof *more);
    if (more != NULL) {
        result->notes = more;
    }
    if (more == NULL || copy == NULL) {
        free(copy);
        return;
    }
    result->notes[result->note_count++] = copy;
}

static void add_counters(struct logbook_counters *sum, const struct logbook_counters *part)
{
    sum->cycles_started += part->cycles_started;
    sum->cycles_completed += part->cycles_completed;
    sum->cycles_failed += part->cycles_failed;
    sum->connects += part->connects;
    sum->handshakes_full += part->handshakes_full;
    sum->handshakes_resumed += part->handshakes_resumed;
    sum->handshakes_failed += part->handshakes_failed;
    sum->requests += part->requests;
    sum->requests_answered += part->requests_answered;
    sum->body_bytes += part->body_bytes;
    sum->pings += part->pings;
    sum->races_cancelled += part->races_cancelled;
    for (size_t phase = 0; phase < LOGBOOK_PHASES; phase++) {
        for (size_t class = 0; class < LOGBOOK_CLASSES; class ++) {
            sum->errors[phase][class] += part->errors[phase][class];
        }
    }
}

void result_sum_lanes(struct trial_record *record, struct logbook_counters *sum)
{
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; record->logbook != NULL && i < record->lanes; i++) {
        const struct logbook_lane *lane = logbook_lane(record->logbook, i);
        if (lane->role != LANE_UNUSED) {
            add_counters(sum, &lane->counters);
        }
    }
}

void result_ledger_difference(const struct ledger_counters *at_end,
                              const struct ledger_counters *at_begin,
                              struct ledger_counters *difference)
{
    memset(difference, 0, sizeof *difference);
    difference->accepted = at_end->accepted - at_begin->accepted;
    difference->ended = at_end->ended - at_begin->ended;
    difference->handshakes_full = at_end->handshakes_full - at_begin->handshakes_full;
    difference->handshakes_resumed = at_end->handshakes_resumed - at_begin->handshakes_resumed;
    difference->handshakes_failed = at_end->handshakes_failed - at_begin->handshakes_failed;
    difference->requests = at_end->requests - at_begin->requests;
    difference->responses = at_end->responses - at_begin->responses;
    difference->bytes_sent = at_end->bytes_sent - at_begin->bytes_sent;
    difference->most_active = at_end->most_active;
    difference->protocol_errors = at_end->protocol_errors - at_begin->protocol_errors;
    for (size_t i = 0; i < LEDGER_FAULTS; i++) {
        difference->faults[i] = at_end->faults[i] - at_begin->faults[i];
    }
}

static void add_target(struct scenario_result *result, const struct trial_record *record)
{
    struct ledger_counters difference;
    result_ledger_difference(&record->at_end, &record->at_begin, &difference);
    result->has_target = true;
    result->target.accepted += difference.accepted;
    result->target.ended += difference.ended;
    result->target.handshakes_full += difference.handshakes_full;
    result->target.handshakes_resumed += difference.handshakes_resumed;
    result->target.handshakes_failed += difference.handshakes_failed;
    result->target.requests += difference.requests;
    result->target.responses += difference.responses;
    result->target.bytes_sent += difference.bytes_sent;
    if (difference.most_active > result->target.most_active) {
        result->target.most_active = difference.most_active;
    }
    result->target.protocol_errors += difference.protocol_errors;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        result->faults_done[i] += difference.faults[i];
    }
}

static void copy_text(char *to, size_t capacity, const char *from, size_t limit)
{
    size_t length = strnlen(from, limit);
    length = length < capacity ? length : capacity - 1;
    memcpy(to, from, length);
    to[length] = '\0';
}

static void add_series(struct scenario_result *result, const struct trial_record *record)
{
    const struct logbook *logbook = record->logbook;
    if (result->series_count >= RESULT_SERIES || record->programs != NULL) {
        return;
    }
    uint32_t count = atomic_load_explicit(&logbook->sample_count, memory_order_acquire);
    count = count < LOGBOOK_SAMPLES ? count : LOGBOOK_SAMPLES;
    struct resource_series *series = &result->series[result->series_count];
    series->trial = record->index;
    series->before_init = logbook->before_init;
    series->before_run = logbook->before_run;
    series->after_cleanup = logbook->after_cleanup;
    series->samples = count > 0 ? calloc(count, sizeof *series->samples) : NULL;
    series->count = series->samples != NULL ? count : 0;
    series->rounds = logbook->sample_rounds;
    if (series->count > 0) {
        memcpy(series->samples, logbook->samples, series->count * sizeof *series->samples);
    }
    slope_judge(series->samples, series->count, &series->heap);
    result->series_count++;
}

static void add_cost(struct scenario_result *result, const struct trial_record *record,
                     const struct logbook_counters *sum)
{
    const struct logbook *logbook = record->logbook;
    bool cut_off = record->stop == TRIAL_STOP_INTERRUPT && logbook->run_ended == 0;
    uint64_t run_ended = cut_off ? record->stopped_at : logbook->run_ended;
    uint64_t cpu_ended = cut_off ? record->cpu_ns : logbook->cpu_ended;
    if (logbook->run_begun != 0 && run_ended > logbook->run_begun) {
        result->run_ns += run_ended - logbook->run_begun;
        if (cpu_ended > logbook->cpu_begun) {
            result->cpu_ns += cpu_ended - logbook->cpu_begun;
            result->cpu_cycles += sum->cycles_started;
        }
    }
    if (record->peak_rss > result->peak_rss) {
        result->peak_rss = record->peak_rss;
        result->baseline_rss = logbook->before_run.rss;
    }
}

/* One note for each line that the worker left. */
static void add_notes(struct scenario_result *result, const struct logbook *logbook)
{
    char notes[sizeof logbook->notes];
    copy_text(notes, sizeof notes, logbook->notes, sizeof logbook->notes);
    char *rest = notes;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line != '\0') {
            result_note(result, line);
        }
    }
}

void result_add_trial(struct scenario_result *result, struct trial_record *record)
{
    struct logbook_counters sum;
    if (record->has_target) {
        add_target(result, record);
    }
    if (record->logbook == NULL) {
        return;
    }
    const struct logbook *logbook = record->logbook;
    result_sum_lanes(record, &sum);
    add_counters(&result->counters, &sum);
    for (uint32_t i = 0; i < record->lanes; i++) {
        const struct logbook_lane *lane = logbook_lane(record->logbook, i);
        for (size_t l = 0; l < LATENCIES && lane->role != LANE_UNUSED; l++) {
            histogram_merge(&result->latencies[l], &lane->latencies[l]);
        }
    }
    if (logbook->client_name[0] != '\0') {
        copy_text(result->client_name, sizeof result->client_name, logbook->client_name,
                  sizeof logbook->client_name);
        copy_text(result->client_version, sizeof result->client_version, logbook->client_version,
                  sizeof logbook->client_version);
    }
    add_cost(result, record, &sum);
    add_series(result, record);
    add_notes(result, logbook);
}

static void find_leaks(const struct scenario_result *result, uint32_t index, bool *leaks,
                       bool *others)
{
    *leaks = *others = false;
    for (size_t i = 0; i < result->findings.count; i++) {
        const struct finding *finding = result->findings.items[i];
        if (finding->last_trial == index && finding->kind != FINDING_INFRA) {
            bool leak = finding_kind_is_leak(finding->kind);
            *leaks = *leaks || leak;
            *others = *others || !leak;
        }
    }
}

void result_add_outcome(struct scenario_result *result, struct trial_record *record,
                        enum trial_outcome outcome)
{
    struct trial_summary *more = realloc(result->trials, (result->trial_count + 1) * sizeof *more);
    bool leaks = false;
    bool others = false;
    if (outcome == OUTCOME_FINDINGS) {
        find_leaks(result, record->index, &leaks, &others);
    }
    if (more != NULL) {
        result->trials = more;
        struct trial_summary *trial = &more[result->trial_count++];
        *trial = (struct trial_summary){
            .index = record->index,
            .seed = record->seed,
            .outcome = outcome,
            .leaked = leaks,
            .leaks_only = leaks && !others,
            .wall_ns = record->ended - record->begun,
        };
        if (result->trial_count <= RESULT_FIGURES &&
            (outcome == OUTCOME_CLEAN || outcome == OUTCOME_FINDINGS)) {
            trial->figures = figures_of_trial(record);
        }
    }
    result->trials_run += outcome != OUTCOME_INTERRUPTED;
    result->trials_clean += outcome == OUTCOME_CLEAN;
    result->trials_with_findings += outcome == OUTCOME_FINDINGS;
    result->trials_with_leaks += leaks;
    result->trials_with_leaks_only += leaks && !others;
    result->trials_infra += outcome == OUTCOME_INFRA;
}

void result_set_instructions(struct scenario_result *result, uint32_t index, double per_cycle)
{
    for (size_t i = 0; i < result->trial_count; i++) {
        struct trial_summary *trial = &result->trials[i];
        if (trial->index == index && trial->figures != NULL) {
            trial->figures->instructions_per_cycle = per_cycle;
        }
    }
}

bool result_has_instructions(const struct scenario_result *result)
{
    for (size_t i = 0; i < result->trial_count; i++) {
        const struct trial_figures *figures = result->trials[i].figures;
        if (figures != NULL && !isnan(figures->instructions_per_cycle)) {
            return true;
        }
    }
    return false;
}
