/* SPDX-License-Identifier: MIT
 *
 * How often in a stretch of work: k events in an exposure (cycles, seconds).
 */
#ifndef JUDGE_STAT_POISSON_H
#define JUDGE_STAT_POISSON_H

#include "harness/judge/stat_special.h"

#include <stdint.h>

/** Exact interval for the number of events in `unit` of exposure, after k events in `exposure` of
 *  the same measure: unit = 1e6 and exposure in cycles gives events per million cycles. Covers with
 *  at least the confidence if events come independently. F. Garwood, Biometrika 28 (1936).
 *  exposure = 0 (or too small a part of unit
 *  for a double) or k > STAT_COUNT_MAX: [0, infinity]. Negative, infinite or NaN arguments, or a
 *  confidence outside (0, 1): both bounds NaN. Pure, any thread. */
struct stat_interval stat_poisson_rate(uint64_t k, double exposure, double unit, double confidence);

#endif
