/* SPDX-License-Identifier: MIT
 *
 * Tests and estimates by rank: exact whatever the values' distribution.
 *
 * Safe in any thread. Functions with a struct failure return -1 and leave the results untouched
 * when they fail: FAILURE_INTERNAL for values or a confidence that they cannot take,
 * FAILURE_ENVIRONMENT for no memory. Where a sample is larger than the exact computation takes,
 * the normal approximation with tie and continuity correction is used, and `exact` says so.
 */
#ifndef JUDGE_STAT_RANK_H
#define JUDGE_STAT_RANK_H

#include "harness/base/failure.h"
#include "harness/judge/stat_special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most values of both samples for an exact stat_mann_whitney. */
#define STAT_MANN_WHITNEY_EXACT 80
/** Most differences for an exact stat_signed_rank and stat_signed_rank_place. */
#define STAT_SIGNED_RANK_EXACT 256
/** Most values for stat_hodges_lehmann, which sorts n (n + 1) / 2 averages. */
#define STAT_HODGES_LEHMANN_MAX 2048
/** Most values of a sample for the tests. */
#define STAT_RANK_MAX 100000

struct stat_rank_test {
    double statistic;   /**< U of the first sample, or W+ */
    double p_less;      /**< evidence that the first sample (the differences) lies lower */
    double p_greater;   /**< evidence that it lies higher */
    double p_two_sided; /**< twice the smaller of the two, at most 1 */
    size_t used;        /**< values that took part: zero differences do not */
    bool exact;
};

/** Mann and Whitney's U test (Annals of Mathematical Statistics 18, 1947), exact by enumeration of
 *  all regroupings, ties taking their mean rank. U counts the pairs in which the first sample's
 *  value is the larger, ties as half. No values on a side, or all equal: p = 1. Infinite values
 *  are taken, NaN fails. */
int stat_mann_whitney(const double *first, size_t first_n, const double *second, size_t second_n,
                      struct stat_rank_test *test, struct failure *failure);

/** Wilcoxon's signed-rank test of differences (Biometrics Bulletin 1, 1945): zero differences are
 *  dropped, ties take their mean rank, exact by enumeration of all signs. No differences: p = 1.
 *  NaN fails. */
int stat_signed_rank(const double *differences, size_t n, struct stat_rank_test *test,
                     struct failure *failure);

/** Which Walsh average, counted from 1 from either end, bounds the centre with at least the
 *  confidence: the largest k with P(W+ < k) <= (1 - confidence) / 2. At 0.95: 9 for n = 10. *place
 *  is 0 where n is too small (below 6 at 0.95). Fails for n > STAT_HODGES_LEHMANN_MAX. */
int stat_signed_rank_place(size_t n, double confidence, uint64_t *place, struct failure *failure);

struct stat_location {
    double estimate;               /**< median of the Walsh averages; NaN without values */
    struct stat_interval interval; /**< infinite where the sample is too small */
};

/** Hodges and Lehmann's estimate of the centre (Annals of Mathematical Statistics 34, 1963) with
 *  the interval that inverts the exact signed-rank test: it covers the centre of a symmetric
 *  distribution with at least the confidence. Fails on values that are not finite and for
 *  n > STAT_HODGES_LEHMANN_MAX. */
int stat_hodges_lehmann(const double *values, size_t n, double confidence,
                        struct stat_location *location, struct failure *failure);

/** Most pairs of values for the two functions below. */
#define STAT_SHIFT_MAX 4000000

/** Which difference between a value of either sample, counted from 1 from either end, bounds the
 *  shift with at least the confidence: the largest k with P(U < k) <= (1 - confidence) / 2, exact
 * up to STAT_MANN_WHITNEY_EXACT values in all. At 0.95: 24 for 10 and 10. 0: too few values. */
int stat_mann_whitney_place(size_t n, size_t m, double confidence, uint64_t *place,
                            struct failure *failure);

/** By how much the second sample lies above the first: the median of all differences (Hodges and
 *  Lehmann 1963), with the interval that inverts Mann and Whitney's test. It covers the shift of
 * two equally shaped distributions with at least the confidence. Fails on values that are not
 * finite and for more than STAT_SHIFT_MAX pairs. */
int stat_hodges_lehmann_shift(const double *first, size_t first_n, const double *second,
                              size_t second_n, double confidence, struct stat_location *location,
                              struct failure *failure);

#endif
