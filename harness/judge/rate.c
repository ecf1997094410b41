/* SPDX-License-Identifier: MIT
 *
 * Turns trials and findings into rates.
 */
#include "harness/judge/rate.h"

#include "harness/judge/stat_poisson.h"
#include "harness/judge/stat_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95
#define MILLION 1e6
/* Above this share of infrastructure failures the rest is not trusted either. */
#define MOST_INFRA 0.05

uint64_t rate_trials(const struct scenario_result *result)
{
    return result->trials_run - result->trials_infra;
}

bool rate_is_untrustworthy(const struct scenario_result *result)
{
    return (double)result->trials_infra > MOST_INFRA * (double)result->trials_run;
}

static bool counts(const struct trial_summary *trial)
{
    return trial->outcome == OUTCOME_CLEAN || trial->outcome == OUTCOME_FINDINGS;
}

static bool belongs_to_cycles(const struct finding *finding)
{
    return finding->kind != FINDING_THRESHOLD && finding->kind != FINDING_INFRA;
}

/* ---- noting ---- */

/* Cycles begun when the finding came: by its connection's ordinal, as many connections as a cycle
 * of this trial had; by the whole trial where that is not known. */
static uint64_t cycles_by(const struct finding *finding, const struct logbook_counters *sum)
{
    if (finding->last_connection == 0 || sum->connects == 0) {
        return sum->cycles_started;
    }
    double part = (double)finding->last_connection / (double)sum->connects;
    double cycles = ceil(part * (double)sum->cycles_started);
    return cycles < 1 ? 1 : part > 1 ? sum->cycles_started : (uint64_t)cycles;
}

static void add_onset(struct finding *finding, uint32_t trial, uint64_t cycles)
{
    if (finding->onset_count >= RATE_TRIALS) {
        return;
    }
    struct onset *more =
        realloc(finding->onsets, (finding->onset_count + 1) * sizeof *finding->onsets);
    if (more != NULL) {
        finding->onsets = more;
        more[finding->onset_count++] = (struct onset){trial, cycles};
    }
}

void rate_note_trial(struct scenario_result *result, struct trial_record *record)
{
    struct logbook_counters sum;
    if (result->trial_count == 0) {
        return;
    }
    struct trial_summary *trial = &result->trials[result->trial_count - 1];
    result_sum_lanes(record, &sum);
    trial->cycles = sum.cycles_started;
    if (trial->outcome != OUTCOME_FINDINGS) {
        return;
    }
    for (size_t i = 0; i < result->findings.count; i++) {
        struct finding *finding = result->findings.items[i];
        if (finding->last_trial == record->index && belongs_to_cycles(finding)) {
            uint64_t begun = cycles_by(finding, &sum);
            uint64_t cycles = begun > 0 ? begun : 1;
            add_onset(finding, record->index, cycles);
            if (trial->first_cycles == 0 || cycles < trial->first_cycles) {
                trial->first_cycles = cycles;
            }
        }
    }
}

/* ---- medians ---- */

static int by_cycles(const void *one, const void *other)
{
    const struct survival *a = one;
    const struct survival *b = other;
    if (a->cycles < b->cycles || a->cycles > b->cycles) {
        return a->cycles < b->cycles ? -1 : 1;
    }
    return (int)b->seen - (int)a->seen; /* what ended at the same time was still at risk */
}

double rate_median_survival(struct survival *trials, size_t count)
{
    double alive = 1;
    if (count > 1) { /* without trials there may be no array */
        qsort(trials, count, sizeof *trials, by_cycles);
    }
    for (size_t i = 0; i < count; i++) {
        if (trials[i].seen) {
            alive *= 1 - 1 / (double)(count - i);
            if (alive <= 0.5 + 1e-9) {
                return trials[i].cycles;
            }
        }
    }
    return (double)NAN;
}

static double median_seen(const struct survival *sorted, size_t count)
{
    size_t seen = 0;
    double *values = calloc(count > 0 ? count : 1, sizeof *values);
    if (values == NULL) {
        return (double)NAN;
    }
    for (size_t i = 0; i < count; i++) {
        if (sorted[i].seen) {
            values[seen++] = sorted[i].cycles;
        }
    }
    double median = stat_median_of_sorted(values, seen);
    free(values);
    return median;
}

/* Cycles of each trial until the finding; NULL for any finding. */
static size_t collect(const struct scenario_result *result, const struct finding *finding,
                      struct survival *trials)
{
    size_t count = 0;
    size_t at = 0;
    for (size_t i = 0; i < result->trial_count && i < RATE_TRIALS; i++) {
        const struct trial_summary *trial = &result->trials[i];
        if (!counts(trial)) {
            continue;
        }
        uint64_t first = finding == NULL ? trial->first_cycles : 0;
        while (finding != NULL && at < finding->onset_count &&
               finding->onsets[at].trial < trial->index) {
            at++;
        }
        if (finding != NULL && at < finding->onset_count &&
            finding->onsets[at].trial == trial->index) {
            first = finding->onsets[at].cycles;
        }
        trials[count++] = (struct survival){(double)(first > 0 ? first : trial->cycles), first > 0};
    }
    return count;
}

static void add_medians(const struct scenario_result *result, const struct finding *finding,
                        struct rates *rates)
{
    size_t most = result->trial_count < RATE_TRIALS ? result->trial_count : RATE_TRIALS;
    struct survival *trials = calloc(most > 0 ? most : 1, sizeof *trials);
    if (trials == NULL) {
        return;
    }
    size_t count = collect(result, finding, trials);
    rates->median = rate_median_survival(trials, count);
    rates->median_seen = median_seen(trials, count);
    for (size_t i = 0; i < count; i++) {
        rates->seen += trials[i].seen;
    }
    rates->unseen = count - rates->seen;
    free(trials);
}

/* ---- rates ---- */

static void begin(const struct scenario_result *result, uint64_t events, struct rates *rates)
{
    memset(rates, 0, sizeof *rates);
    rates->median = rates->median_seen = (double)NAN;
    rates->events = events;
    rates->cycles = result->counters.cycles_started;
    if (rates->cycles > 0) {
        rates->per_cycle = true;
        rates->per_million = (double)events * MILLION / (double)rates->cycles;
        rates->interval = stat_poisson_rate(events, (double)rates->cycles, MILLION, CONFIDENCE);
    }
}

void rate_of_finding(const struct scenario_result *result, const struct finding *finding,
                     struct rates *rates)
{
    begin(result, finding->occurrences, rates);
    if (!belongs_to_cycles(finding)) {
        rates->per_cycle = false;
        return;
    }
    add_medians(result, finding, rates);
}

void rate_of_scenario(const struct scenario_result *result, struct rates *rates)
{
    begin(result, result->trials_with_findings, rates);
    add_medians(result, NULL, rates);
}
