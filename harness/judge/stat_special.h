/* SPDX-License-Identifier: MIT
 *
 * The special functions under the statistics: normal, incomplete beta and incomplete gamma.
 *
 * Densities are computed by the saddle-point form of C. Loader, "Fast and accurate computation of
 * binomial probabilities" (2000), which keeps its relative precision (about 1e-12) where a
 * difference of lgamma values would lose it; tails by continued fraction (modified Lentz). All
 * functions are pure and safe in any thread.
 *
 * Arguments outside the stated range, and NaN, give NaN. Counts above STAT_COUNT_MAX are out of
 * range: the work grows with the square root of the count.
 */
#ifndef JUDGE_STAT_SPECIAL_H
#define JUDGE_STAT_SPECIAL_H

#include <stdbool.h>
#include <stdint.h>

/** Largest count that the exact functions take. */
#define STAT_COUNT_MAX (UINT64_C(1) << 40)

/** A closed range. Both NaN: the question made no sense; infinite: no bound on that side. */
struct stat_interval {
    double low, high;
};

/** Both bounds NaN. */
struct stat_interval stat_no_interval(void);

/** Whether 0 < share < 1: what a confidence, an error rate or a power must be. */
bool stat_is_share(double share);

/** P(Z > z) of the standard normal. */
double stat_normal_tail(double z);

/** The z with P(Z > z) = tail; tail in (0, 1). */
double stat_normal_deviate(double tail);

/** The z of a two-sided interval: 1.959964 for 0.95. confidence in (0, 1). */
double stat_two_sided_deviate(double confidence);

/** Density of the binomial at k, for real 0 <= k <= n: P(X = k) for whole numbers. p in [0, 1]. */
double stat_binomial_density(double k, double n, double p);

/** Density of the Poisson at k >= 0 with mean >= 0. */
double stat_poisson_density(double k, double mean);

/** Regularised lower incomplete beta I_x(a, b); a, b > 0, x in [0, 1]. */
double stat_lower_beta(double a, double b, double x);

/** Regularised upper incomplete beta 1 - I_x(a, b); a, b > 0, x in [0, 1]. */
double stat_upper_beta(double a, double b, double x);

/** Regularised lower incomplete gamma P(a, x); a > 0, x >= 0. */
double stat_lower_gamma(double a, double x);

/** Regularised upper incomplete gamma Q(a, x) = 1 - P(a, x); a > 0, x >= 0. */
double stat_upper_gamma(double a, double x);

/** The x in [low, high] where the function, monotone in x, crosses the level, by bisection down to
 *  neighbouring doubles. The nearest end if it does not cross. */
double stat_solve(double (*function)(double x, const void *context), const void *context,
                  double low, double high, double level);

#endif
