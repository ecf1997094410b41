/* SPDX-License-Identifier: MIT
 *
 * Two builds measured in pairs, one number for each run: the ratio B / A and what it means against
 * a margin.
 *
 * Safe in any thread. Functions with a struct failure return -1 and leave the results untouched
 * when they fail: FAILURE_INTERNAL for values that they cannot take (each must be finite and above
 * 0) and a confidence outside (0, 1); FAILURE_ENVIRONMENT for no memory.
 */
#ifndef JUDGE_STAT_PAIRED_H
#define JUDGE_STAT_PAIRED_H

#include "harness/base/failure.h"
#include "harness/judge/stat_special.h"

#include <stddef.h>
#include <stdint.h>

/** Most pairs. */
#define STAT_PAIRS_MAX 2048

struct stat_ratio {
    size_t pairs;
    double estimate;               /**< of B / A; NaN without pairs */
    struct stat_interval interval; /**< of B / A; [0, infinity] where there are too few pairs */
    double sd;                     /**< of ln(B / A); NaN below two pairs */
    double p_two_sided;            /**< that the ratio is 1 */
    double p_greater;              /**< small: B is larger */
};

/** Hodges-Lehmann estimate, exact signed-rank interval and test of ln(b[i] / a[i]). At 0.95 an
 *  interval needs 6 pairs. To look twice (10 pairs, then 20), halve the error of each look:
 *  confidence 0.975 for 0.95 over both. */
int stat_paired_ratio(const double *a, const double *b, size_t pairs, double confidence,
                      struct stat_ratio *ratio, struct failure *failure);

/** Median of b[i] / a[i] with the percentile interval of `resamples` bootstrap draws of whole
 *  pairs (B. Efron, Annals of Statistics 7, 1979). The same seed gives the same interval. Not
 *  exact: for samples too large or too odd for ranks. resamples in [100, 100000]. */
int stat_bootstrap_ratio(const double *a, const double *b, size_t pairs, double confidence,
                         uint64_t resamples, uint64_t seed, struct stat_ratio *ratio,
                         struct failure *failure);

enum stat_margin_verdict {
    STAT_WITHIN_MARGIN = 0, /**< the whole interval lies below 1 + margin */
    STAT_BEYOND_MARGIN,     /**< the whole interval lies above it */
    STAT_UNDECIDED          /**< it holds 1 + margin, or a bound is NaN */
};

/** The interval of B / A (larger is worse) against a margin: 0.05 for 5 %. */
enum stat_margin_verdict stat_judge_margin(struct stat_interval ratio, double margin);

#endif
