/* SPDX-License-Identifier: MIT
 *
 * What a comparison knows of one scenario on one side: numbers of its trials, and which findings
 * they showed. Which side is worse is for compare.h to say.
 */
#ifndef JUDGE_COMPARE_SIDE_H
#define JUDGE_COMPARE_SIDE_H

#include "harness/judge/stat_special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is measured once in each trial. Latencies: see compare_metrics. */
#define COMPARE_METRICS 21U

enum compare_measure {
    COMPARE_RATIO = 0, /**< B / A, above 0 both */
    COMPARE_DIFFERENCE /**< B - A: may be 0 or below */
};

struct compare_metric {
    const char *name;
    const char *unit; /**< as the figures stand in reports */
    enum compare_measure measure;
    double margin;      /**< default: a share of A, or a difference in the unit */
    bool counted;       /**< in trials of their own: not in the window of those that are timed */
    bool core;          /**< undecided, it leaves the whole comparison undecided */
    const char *figure; /**< key in a trial's `figures` */
    const char *phase;  /**< below latency_us; NULL: no latency */
    const char *help;
};

extern const struct compare_metric compare_metrics[COMPARE_METRICS];

/** The index of the metric with that name ("handshake.p50" is "tls.p50"), or COMPARE_METRICS. */
size_t compare_metric_named(const char *name);

struct compare_trial {
    uint32_t index;
    char seed[24];
    bool judged;                    /**< neither infra nor interrupted: counts for findings */
    bool failed;                    /**< it showed a finding */
    bool leaked;                    /**< some of its findings are leaks */
    bool leaks_only;                /**< all of them are */
    double values[COMPARE_METRICS]; /**< NaN: not measured, or it did not end well */
    double samples;                 /**< latencies that its quantiles are made of, the fewest */
    struct stat_interval slope;     /**< of heap.per_cycle within the trial; NaN: not judged */
};

/** One finding, by its signature. Texts are owned. */
struct compare_hit {
    char *key;
    char *kind;
    char *title;
    char *reproduce;
    uint64_t trials;      /**< that showed it */
    uint32_t first_trial; /**< index */
    bool poor;            /**< stacks too poor to tell it from others: all such are one */
};

struct compare_side {
    char *build_id; /**< "" unknown */
    char *options;  /**< of the client, JSON text */
    char *client;   /**< "name version" */
    char *path;     /**< of the library */
    char *digest;   /**< of the scenario, without its client; "" unknown */
    struct compare_trial *trials;
    size_t trial_count;
    uint64_t judged; /**< trials that count; the list of them may end earlier */
    uint64_t failed; /**< of these with a finding */
    uint64_t with_leaks;
    uint64_t with_leaks_only;
    uint64_t infra;
    struct compare_hit *hits;
    size_t hit_count;
};

/** Frees what it holds; a zeroed side is empty. */
void compare_side_release(struct compare_side *side);

/** Whether both ran the same build with the same options: such sides have nothing to compare. */
bool compare_side_same_build(const struct compare_side *one, const struct compare_side *other);

/** The finding with that key, or NULL. */
const struct compare_hit *compare_side_hit(const struct compare_side *side, const char *key);

/** Trials that showed a finding of those that count: leaks, and all others. */
uint64_t compare_side_failed(const struct compare_side *side, bool crashes, bool leaks);

/** Whether that trial did. */
bool compare_trial_failed(const struct compare_trial *trial, bool crashes, bool leaks);

#endif
