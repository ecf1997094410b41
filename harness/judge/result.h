/* SPDX-License-Identifier: MIT
 *
 * What all trials of one scenario came to: sums, histograms, findings, verdict.
 *
 * Sums are over the trials that were no infrastructure failures. Of one that was interrupted they
 * have what it did until then; it does not count as run.
 */
#ifndef JUDGE_RESULT_H
#define JUDGE_RESULT_H

#include "harness/base/ledger.h"
#include "harness/base/logbook.h"
#include "harness/judge/figures.h"
#include "harness/judge/finding.h"
#include "harness/judge/slope.h"
#include "harness/scenario/model.h"
#include "harness/watch/trial.h"

#include <stdbool.h>
#include <stdint.h>

enum trial_outcome { OUTCOME_CLEAN = 0, OUTCOME_FINDINGS, OUTCOME_INFRA, OUTCOME_INTERRUPTED };

/** "clean", "findings", "infra", "interrupted". */
const char *trial_outcome_name(enum trial_outcome outcome);

enum verdict { VERDICT_PASS = 0, VERDICT_FAIL, VERDICT_INCONCLUSIVE };

/** "pass", "fail", "inconclusive". */
const char *verdict_name(enum verdict verdict);

/** Resources of one trial at its quiet points. */
struct resource_series {
    uint32_t trial;
    struct resource_sample before_init;
    struct resource_sample before_run;
    struct resource_sample after_cleanup; /**< time 0: never reached */
    struct resource_sample *samples;
    uint32_t count;
    uint64_t rounds;   /**< that ended with a sample; of a long series only every k-th is kept */
    struct slope heap; /**< of the samples */
};

/** Series kept for a scenario; those of later trials are left out. */
#define RESULT_SERIES 20U

/** Trials of a scenario that keep their figures; later ones do not. */
#define RESULT_FIGURES 10000U

struct trial_summary {
    uint32_t index;
    uint64_t seed;
    enum trial_outcome outcome;
    bool leaked;     /**< of what it showed some are leaks */
    bool leaks_only; /**< all of it are */
    uint64_t wall_ns;
    uint64_t cycles;       /**< begun in it */
    uint64_t first_cycles; /**< of these, begun when its first finding came; 0: it has none */
    struct trial_figures *figures; /**< of a trial that ended well; NULL: none, or too many */
};

struct scenario_result {
    const struct scenario *scenario; /**< must outlive the result */
    const char *flavor;
    enum verdict verdict;
    char reason[256];     /**< why the verdict is not pass; "" if it is */
    bool interrupted;     /**< the user stopped it */
    bool expects_finding; /**< in this flavor the scenario is meant to fail */

    char client_name[64];
    char client_version[64];
    char client_path[1024];
    char client_build_id[64]; /**< "" if the file has none */

    uint64_t trials_planned; /**< 0: as many as it takes */
    const char *stop_rule;   /**< what ended it: "trials", "finding", "time", ...; "" not yet */
    char stop_text[160];     /**< the same for a human */
    unsigned jobs;           /**< trials that ran at once */
    uint64_t trials_run;     /**< interrupted ones not counted */
    uint64_t trials_clean;
    uint64_t trials_with_findings;
    uint64_t trials_with_leaks;      /**< among them */
    uint64_t trials_with_leaks_only; /**< among these: without any other finding */
    uint64_t trials_infra;
    struct trial_summary *trials;
    size_t trial_count;

    struct logbook_counters counters;
    struct histogram latencies[LATENCIES];
    bool has_target;
    struct ledger_counters target;
    uint64_t unexplained_errors;
    uint64_t explained[FAULT_COUNT][LOGBOOK_PHASES][LOGBOOK_CLASSES];
    uint64_t faults_done[FAULT_COUNT]; /**< connections on which a fault was carried out */

    uint64_t cpu_ns;     /**< of the worker's process while cycles ran, where it told */
    uint64_t cpu_cycles; /**< cycles in that time */
    uint64_t run_ns;     /**< from the first cycle's begin to the last one's end, summed */
    uint64_t peak_rss;
    uint64_t baseline_rss; /**< before_run of the trial with the largest peak */
    struct resource_series series[RESULT_SERIES];
    uint32_t series_count;

    struct finding_list findings;
    char **notes;
    size_t note_count;
};

/** Makes it empty. */
void result_init(struct scenario_result *result, const struct scenario *scenario,
                 const char *flavor);

/** Frees what it holds. */
void result_release(struct scenario_result *result);

/** Adds a note for the reader, unless it is there already. */
void result_note(struct scenario_result *result, const char *text);

/** Adds the counters, histograms and resources that a trial left, finished or cut off. */
void result_add_trial(struct scenario_result *result, struct trial_record *record);

/** Adds one line to the list of trials and counts the outcome; after the trial's findings were
 *  moved into the result's. */
void result_add_outcome(struct scenario_result *result, struct trial_record *record,
                        enum trial_outcome outcome);

/** Adds to the figures of the trial with that number, if it has any, what was counted afterwards.
 */
void result_set_instructions(struct scenario_result *result, uint32_t index, double per_cycle);

/** True if some trial's instructions were counted. */
bool result_has_instructions(const struct scenario_result *result);

/** Sum of the counters of all lanes of a worker, dead or alive. */
void result_sum_lanes(struct trial_record *record, struct logbook_counters *sum);

/** target - base, field by field. */
void result_ledger_difference(const struct ledger_counters *at_end,
                              const struct ledger_counters *at_begin,
                              struct ledger_counters *difference);

#endif
