/* SPDX-License-Identifier: MIT
 *
 * Is the candidate (B) worse than the baseline (A)? One scenario after the other, then all
 * together.
 *
 *   - The trial is the unit: one process, one seed. One that did not end well has no part in
 *     performance.
 *   - Findings: for each signature the trials that showed it, by Boschloo's one-sided exact test
 *     (above COMPARE_BOSCHLOO trials on a side Fisher's), p-values adjusted by Holm over all
 *     findings of all scenarios, level COMPARE_ALPHA. Worse is what is significant and has
 *     Newcombe's lower bound above 0. One more row, "any", counts trials with any finding that may
 *     fail the comparison: stacks that never repeat hide there from no one.
 *   - In a live comparison the sides take turns, and evidence may also come from
 *     the e-value of the crashes' attribution (stat_sequential.h), which allows to look after each
 *     pair. A row's p-value is then twice the lesser of Boschloo's and 1 / e.
 *   - A signature that A never showed is new. That B can show it needs no p-value: it is a
 *     regression once a replay reproduced it, and A is clean of it: in as many replays as it takes
 *     to see it with 95 % at the rate of B's replays, and in as many trials of seeds that nobody
 *     chose as it takes with 99 % at the rate of B's trials. One that came once only is a warning.
 *   - Performance: one number for each metric and trial, pairs (or two samples) of them; the
 *     interval of the ratio against the margin: wholly above is a regression, wholly below is fit,
 *     else it is undecided. A regression must stand Holm's adjustment over all metrics of all
 *     scenarios too: with some twenty metrics an interval alone raises false alarms.
 *   - The whole is a regression if anything is; else it is inconclusive if something that decides
 *     is, if nothing could have been found, or if the machine failed too often; else it passes.
 */
#ifndef JUDGE_COMPARE_H
#define JUDGE_COMPARE_H

#include "harness/base/failure.h"
#include "harness/judge/compare_side.h"
#include "harness/judge/stat_sequential.h"
#include "harness/judge/stat_special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPARE_ALPHA 0.01
#define COMPARE_BOSCHLOO 500U
#define COMPARE_POWER 0.9

enum compare_verdict {
    COMPARE_PASS = 0,
    COMPARE_BETTER, /**< of a metric or a finding; the whole passes then */
    COMPARE_REGRESSION,
    COMPARE_INCONCLUSIVE,
    COMPARE_SKIPPED /**< not measured, or on purpose not compared: the note says why */
};

/** "pass", "better", "regression", "inconclusive", "skipped". */
const char *compare_verdict_name(enum compare_verdict verdict);

enum compare_status {
    COMPARE_NEW = 0,
    COMPARE_FIXED,
    COMPARE_WORSE,
    COMPARE_LESS, /**< still there, but surely less often */
    COMPARE_SAME,
    COMPARE_UNDECIDED
};

/** "new", "fixed", "worse", "better", "same", "undecided". */
const char *compare_status_name(enum compare_status status);

/** What may fail a comparison (--fail-on). */
struct compare_gate {
    bool crashes; /**< all findings but leaks */
    bool leaks;   /**< and heap.per_cycle */
    bool metrics[COMPARE_METRICS];
    bool named[COMPARE_METRICS]; /**< by its own name: it must have been measured, then */
};

struct compare_settings {
    double margins[COMPARE_METRICS];
    struct compare_gate gate;
    bool paired;       /**< trials of equal index ran next to each other */
    double confidence; /**< of each interval */
    uint32_t warm_up;  /**< trials with a lower index have no part in performance */
    uint32_t pairs;    /**< nor have those from warm_up + pairs on; 0: all have */
    bool same_build;   /**< identical sides: performance is not compared */
};

/** What the row "any" counts: what may fail the comparison; where no finding may, all findings. */
struct compare_gate compare_gate_of_any(const struct compare_settings *settings);

/** Defaults: the margins of compare_metrics, everything may fail, not paired, 95 %. */
void compare_settings_init(struct compare_settings *settings);

/** Replays of a new signature: both sides with the seed that showed it, in turns; then the baseline
 *  alone with seeds that nobody chose. */
struct compare_replay {
    uint64_t a_run, a_hits;
    uint64_t b_run, b_hits;
    uint64_t a_fresh, a_fresh_hits;
};

struct compare_finding {
    const char *key; /**< "any", or a signature's; lives as long as the sides */
    const char *kind;
    const char *title;
    const char *reproduce;
    bool leak;
    uint64_t a_hits, a_trials;
    uint64_t b_hits, b_trials;
    struct stat_interval a_rate, b_rate; /**< Wilson, 95 % */
    struct stat_interval difference;     /**< Newcombe, 95 % */
    const char *test;                    /**< "boschloo", "fisher" */
    double p_worse, p_better;
    double p_worse_adjusted, p_better_adjusted;
    double e_value; /**< that B shows it more; NaN: not live */
    double mcnemar; /**< row "any", equal seeds: one-sided p that B fails more; NaN: no pairs */
    struct compare_replay replay;
    enum compare_status status;
    enum compare_verdict verdict;
    bool gated; /**< may fail the comparison */
    char note[200];
};

struct compare_figure {
    size_t metric;
    double a, b; /**< medians */
    size_t a_count, b_count;
    double estimate; /**< ratio, or difference */
    struct stat_interval interval;
    double margin;   /**< as a logarithm, or in the unit */
    double sd;       /**< of ln(B / A), or B - A; not paired: of the worse side */
    double p_worse;  /**< that it is not above the margin */
    double p_better; /**< that it is not below the margin, the other way */
    double p_worse_adjusted, p_better_adjusted;
    double detectable; /**< the least true ratio (difference) that would have been found */
    size_t outliers;
    enum compare_verdict verdict;
    bool gated;
    bool promising; /**< better by its interval, but not beyond chance yet */
    char note[200];
};

/** A test that may look after each pair (--sequential): who fails more often. */
struct compare_sequential {
    bool used;
    double ratio; /**< of B's rate to A's that counts as worse */
    enum stat_sprt_outcome outcome;
    uint64_t a_failed, b_failed;
};

struct compare_scenario {
    const struct compare_side *a, *b;
    struct compare_gate gate;
    bool paired;
    bool same_build;
    double confidence;                /**< of the intervals */
    struct compare_finding *findings; /**< owned */
    size_t finding_count;
    struct compare_figure figures[COMPARE_METRICS];
    double detectable_rate; /**< of findings that A does not show, by the trials; infinite: none */
    struct compare_sequential sequential;
    bool untrustworthy; /**< the machine got in the way of too many trials */
    enum compare_verdict verdict;
    char reason[256];
};

/** Compares one scenario; verdicts stand after compare_judge only. Replays are counted in by
 *  compare_add_replay before that. Fails with FAILURE_ENVIRONMENT: no memory. Release it in any
 *  case. */
int compare_scenario_init(struct compare_scenario *scenario, const struct compare_side *a,
                          const struct compare_side *b, const struct compare_settings *settings,
                          struct failure *failure);

void compare_scenario_release(struct compare_scenario *scenario);

/** Whether B's replays reproduced it and A's did not, in enough of them. Asked at counts that were
 *  fixed before; that A is clean is not shown by that: the seed was chosen because B fails with it.
 */
bool compare_replay_reproduces(const struct compare_replay *replay);

/** How many trials of A with fresh seeds are still to be clean before a new signature is B's alone;
 *  0: enough, or one of them showed it. */
uint64_t compare_replay_needs(const struct compare_finding *row);

/** Counts in what replays of the finding with that key came to. */
void compare_add_replay(struct compare_scenario *scenario, const char *key,
                        const struct compare_replay *replay);

/** The sequential test decides on the row "any"; the other rows have their e-values only, as their
 *  p-values hold for a number of trials that was fixed before. Before compare_judge. */
void compare_set_sequential(struct compare_scenario *scenario,
                            const struct compare_sequential *sequential);

/** The verdicts of all scenarios, and of the whole. Fails with FAILURE_ENVIRONMENT. */
int compare_judge(struct compare_scenario *scenarios, size_t count, enum compare_verdict *verdict,
                  struct failure *failure);

/** Whether more timed pairs may decide or prove a metric that may fail the comparison. After
 *  compare_judge. */
bool compare_wants_more(const struct compare_scenario *scenario);

/** The i-th finding if it is new on B and not decided yet: replays may help; else NULL. After
 *  compare_judge. */
const struct compare_finding *compare_wants_replay(const struct compare_scenario *scenario,
                                                   size_t i);

/** Works out what the comparison would have found, at that level of its test. */
void compare_figure_power(struct compare_figure *figure, double alpha);

/** Compares one metric: fills all but the adjusted p and the verdict's adjustment. For tests and
 *  compare_scenario_init. */
int compare_figure_init(struct compare_figure *figure, size_t metric, const struct compare_side *a,
                        const struct compare_side *b, const struct compare_settings *settings,
                        struct failure *failure);

#endif
