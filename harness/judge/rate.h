/* SPDX-License-Identifier: MIT
 *
 * How often, and after how much work: the rates of a scenario's findings.
 *
 * - Of trials: k of n, exact (Clopper and Pearson). Infrastructure failures and interrupted trials
 *   are not in n. Where a run ends with its first finding the interval is still valid: its lower
 *   bound is then that of the geometric distribution, its upper bound only wider.
 * - Of cycles: events per million, exact for events that come independently (Garwood).
 * - Cycles to the first: the median by Kaplan and Meier (JASA 53, 1958), in which a trial that did
 *   not show it counts as far as it went. Where fewer than half would have shown it there is none.
 */
#ifndef JUDGE_RATE_H
#define JUDGE_RATE_H

#include "harness/judge/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Trials whose cycles to the first finding are used; the medians leave later ones out. */
#define RATE_TRIALS 4096U

/** One trial as a length of time at risk. */
struct survival {
    double cycles;
    bool seen; /**< the finding came then; else the trial ended then without it */
};

/** The median of Kaplan and Meier: the least number of cycles by which half of the trials have
 *  shown it; NaN if fewer than half have, or without trials. Sorts the array. */
double rate_median_survival(struct survival *trials, size_t count);

struct rates {
    bool per_cycle;  /**< the fields up to high are valid */
    uint64_t events; /**< findings in all */
    uint64_t cycles; /**< begun in the trials that count */
    double per_million;
    struct stat_interval interval; /**< of per_million, 95 % */
    uint64_t seen;                 /**< trials that showed it, of those used */
    uint64_t unseen;
    double median;      /**< cycles to the first, as above; NaN: not reached */
    double median_seen; /**< plain median of the trials that showed it; NaN: none did */
};

/** Notes when each finding of this trial came. Call it once for each trial, in the order of their
 *  numbers, after trial_judge_end. */
void rate_note_trial(struct scenario_result *result, struct trial_record *record);

/** The rates of one finding. Nothing is valid for thresholds and infrastructure failures, which do
 *  not belong to cycles. */
void rate_of_finding(const struct scenario_result *result, const struct finding *finding,
                     struct rates *rates);

/** The rates of any finding at all: events are trials with one. */
void rate_of_scenario(const struct scenario_result *result, struct rates *rates);

/** Trials that count: those that were neither infrastructure failures nor interrupted. */
uint64_t rate_trials(const struct scenario_result *result);

/** Whether so many trials failed for the machine's sake that the rest is not to be trusted. */
bool rate_is_untrustworthy(const struct scenario_result *result);

#endif
