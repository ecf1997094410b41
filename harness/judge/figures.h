/* SPDX-License-Identifier: MIT
 *
 * What one trial measured: one number for each metric, so that builds can be compared trial by
 * trial. Cycles of one process share their fate; only trials are independent.
 */
#ifndef JUDGE_FIGURES_H
#define JUDGE_FIGURES_H

#include "harness/base/logbook.h"
#include "harness/judge/stat_special.h"
#include "harness/watch/trial.h"

#include <stdint.h>

struct latency_figures {
    double p50; /**< ns, interpolated within a bucket */
    double p99;
    uint64_t count; /**< 0: the others are not valid */
};

struct trial_figures {
    double cpu_ns_per_cycle;            /**< NaN: not told */
    uint64_t peak_rss;                  /**< bytes; 0: not told */
    double heap_per_cycle;              /**< bytes that stay: see slope.h; NaN: not judged */
    struct stat_interval heap_interval; /**< 95 % */
    double
        calls_per_cycle; /**< system calls; NaN: not counted. Where they are, no timing is valid */
    double instructions_per_cycle; /**< in user mode; NaN: not counted */
    struct latency_figures latencies[LATENCIES];
};

/** The figures of a trial that ended well, to be freed with free(3); NULL for others, and without
 *  memory. */
struct trial_figures *figures_of_trial(struct trial_record *record);

#endif
