/* SPDX-License-Identifier: MIT
 *
 * How many runs a question needs, and what a number of runs can answer.
 *
 * Pure functions, safe in any thread. Counts come back as STAT_NEVER where no number of runs is
 * enough (a rate of 0, an effect of 0), where the number exceeds 2^53, and for NaN or arguments
 * outside the stated range.
 */
#ifndef JUDGE_STAT_BUDGET_H
#define JUDGE_STAT_BUDGET_H

#include <stdint.h>

#define STAT_NEVER UINT64_MAX

/** Fewest pairs for a two-sided 95 % signed-rank interval. */
#define STAT_PAIRS_MIN UINT64_C(6)

/** Runs after which an event of this rate was seen at least once with the confidence:
 *  ceil(ln(1 - confidence) / ln(1 - rate)). 29 for 0.1 at 0.95. Also the number of runs of A that
 *  must stay clean before A counts as free of a crash that B shows at this rate. rate >= 1: 1. */
uint64_t stat_runs_to_see(double rate, double confidence);

/** Clean runs that prove a fix with the confidence, when the old rate was at least rate_low: the
 *  same formula, with the lower bound of the old rate's interval in place of the rate. */
uint64_t stat_runs_to_verify(double rate_low, double confidence);

/** The confidence that so many clean runs give that a fault of this rate is gone:
 *  1 - (1 - rate)^runs. rate in [0, 1], else NaN. */
double stat_verified_confidence(double rate_low, uint64_t runs);

/** Runs at each step of a bisection of so many steps, so that with probability 1 - error no step
 *  calls a bad revision good: ceil(ln(error / steps) / ln(1 - rate)). 24 for rate 0.2, 10 steps,
 *  error 0.05. No steps count as one. */
uint64_t stat_bisect_runs(double rate, uint64_t steps, double error);

/** Samples for which the largest one bounds the quantile q from above with the confidence: 299 for
 *  0.99 at 0.95. q in (0, 1). */
uint64_t stat_samples_for_quantile(double q, double confidence);

/** Pairs for which the signed-rank test, one-sided at alpha, finds a ratio of 1 + effect with the
 *  power, if the log ratios are normal with this standard deviation: by the normal approximation
 *  and the test's efficiency of 3 / pi. At least STAT_PAIRS_MIN. sd >= 0, effect > 0. */
uint64_t stat_pairs_to_detect(double sd, double effect, double alpha, double power);

/** The other way round: the smallest effect that so many pairs find with the power. Infinity below
 *  STAT_PAIRS_MIN; NaN for arguments outside their range. */
double stat_detectable_effect(double sd, uint64_t pairs, double alpha, double power);

/** How much larger the variance of a rate is when `size` events at a time share their fate with
 *  this correlation: 1 + (size - 1) correlation. The reason why a trial is a whole process. */
double stat_variance_inflation(double size, double correlation);

/** Most trials on a side for the two functions below. */
#define STAT_POWER_MAX UINT64_C(100000)

/** The probability that Fisher's one-sided test at level alpha finds B worse, when the true rates
 *  are these. Exact. Boschloo's test has at least this power. NaN for rates outside [0, 1], alpha
 *  outside (0, 1), more than STAT_POWER_MAX trials, no memory. */
double stat_fisher_power(uint64_t a_trials, double a_rate, uint64_t b_trials, double b_rate,
                         double alpha);

/** The smallest rate of B, above a_rate, that the test finds with the power. Infinity if not even a
 *  rate of 1 would be found. NaN as above, and for a power outside (0, 1). */
double stat_detectable_rate(uint64_t a_trials, double a_rate, uint64_t b_trials, double alpha,
                            double power);

#endif
