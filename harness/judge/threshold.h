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

/** Adds a finding for each limit that is broken. A figure that was not measured breaks nothing but
 *  leaves a note. Call once, when the trials are done. */
void threshold_judge(struct scenario_result *result);

#endif
