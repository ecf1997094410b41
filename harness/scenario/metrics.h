/* SPDX-License-Identifier: MIT
 *
 * The figures that a threshold of a scenario can limit. One table for validation, docs and judge.
 */
#ifndef SCENARIO_METRICS_H
#define SCENARIO_METRICS_H

#include "harness/base/logbook.h"

#include <stddef.h>

enum metric_unit {
    METRIC_NS = 0,    /**< a duration: "< 200ms" */
    METRIC_BYTES,     /**< a size: "< 40KiB" */
    METRIC_RATIO,     /**< a fraction of 0 to 1: "<= 0.1%" */
    METRIC_COUNT,     /**< "== 0" */
    METRIC_PER_SECOND /**< "> 100/s" */
};

enum metric_id {
    METRIC_LATENCY = 0, /**< statistic of a latency histogram: see latency and quantile */
    METRIC_ERRORS_RATE,
    METRIC_ERRORS_COUNT,
    METRIC_CYCLES_FAILED,
    METRIC_CYCLES_RATE,
    METRIC_HANDSHAKES_RESUMED_RATE,
    METRIC_CPU_PER_CYCLE,
    METRIC_MEMORY_PEAK,
    METRIC_MEMORY_PER_INSTANCE
};

/** metric.quantile of the arithmetic mean. */
#define METRIC_MEAN (-1.0)

struct metric {
    const char *name; /**< "tls.p99" */
    enum metric_id id;
    enum metric_unit unit;
    enum latency latency; /**< of METRIC_LATENCY */
    double quantile;      /**< of METRIC_LATENCY: 0.99; 1 is the maximum, METRIC_MEAN the mean */
    const char *help;
};

extern const struct metric threshold_metrics[];
extern const size_t threshold_metric_count;

/** The record with that name, or NULL. */
const struct metric *metric_named(const char *name);

/** "duration", "size", "ratio", "number", "rate". */
const char *metric_unit_name(enum metric_unit unit);

#endif
