/* SPDX-License-Identifier: MIT
 *
 * The limits that a scenario sets to its own figures.
 */
#ifndef JUDGE_THRESHOLD_H
#define JUDGE_THRESHOLD_H

#include "harness/judge/result.h"
#include "harness/scenario/metrics.h"

#include <stdbool.h>

/** The figure in the unit of the metric: true and *value, or false if nothing was measured (no
 *  handshake, no cycle). */
bool threshold_measure(const struct scenario_result *result, const struct metric *metric,
                       double *value);

/** Whether the value keeps the limit. */
bool threshold_holds(const struct threshold *threshold, double value);

enum threshold_state {
    THRESHOLD_UNKNOWN = 0, /**< not measured, or not to its end */
    THRESHOLD_KEPT,
    THRESHOLD_BROKEN
};

/** What the limit came to, and *value, 0 if nothing was measured. As long as a scenario runs, and
 *  when it was interrupted, no limit is kept, and only one that nothing can mend any more is
 * broken: a figure that can but grow is past it. */
enum threshold_state threshold_state(const struct scenario_result *result,
                                     const struct threshold *threshold, double *value);

/** Adds a finding for each limit that is broken. One of which nothing is known breaks nothing but
 *  leaves a note. Call once, when the trials are done. */
void threshold_judge(struct scenario_result *result);

#endif
