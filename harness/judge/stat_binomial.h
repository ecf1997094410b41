/* SPDX-License-Identifier: MIT
 *
 * How often: k of n independent trials. Exact and approximate intervals for the rate.
 *
 * Pure functions, safe in any thread. The whole table of degenerate input, for all intervals here:
 *     n = 0                                   [0, 1]: nothing is known
 *     n > STAT_COUNT_MAX                      [0, 1]
 *     k > n, confidence not in (0, 1), NaN    both bounds NaN
 */
#ifndef JUDGE_STAT_BINOMIAL_H
#define JUDGE_STAT_BINOMIAL_H

#include "harness/judge/stat_special.h"

#include <stdint.h>

/** Exact two-sided interval: covers the true rate with at least the confidence, whatever it is.
 *  C. J. Clopper and E. S. Pearson, Biometrika 26 (1934). low is 0 for k = 0, high is 1 for
 *  k = n. */
struct stat_interval stat_clopper_pearson(uint64_t k, uint64_t n, double confidence);

/** Score interval: covers with about the confidence, on average over rates; narrower than the
 *  exact one. E. B. Wilson, JASA 22 (1927), without continuity correction. */
struct stat_interval stat_wilson(uint64_t k, uint64_t n, double confidence);

/** Exact one-sided bounds: the rate is at least (at most) this with the confidence. */
double stat_binomial_at_least(uint64_t k, uint64_t n, double confidence);
double stat_binomial_at_most(uint64_t k, uint64_t n, double confidence);

/** The exact one-sided upper bound after no event in n trials: 1 - (1 - confidence)^(1/n), about
 *  3/n at 0.95. Equal to stat_binomial_at_most(0, n, confidence). n = 0: 1. */
double stat_zero_of_n(uint64_t n, double confidence);

/** P(X <= k) and P(X >= k) for X binomial of n trials with rate p. NaN for p outside [0, 1] or
 *  n > STAT_COUNT_MAX; k > n is allowed. */
double stat_binomial_at_or_below(uint64_t k, uint64_t n, double p);
double stat_binomial_at_or_above(uint64_t k, uint64_t n, double p);

#endif
