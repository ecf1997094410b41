/* SPDX-License-Identifier: MIT
 *
 * Decides how many runs are needed. The power of tests of rates stands in stat_power.c.
 */
#include "harness/judge/stat_budget.h"

#include "harness/judge/stat_special.h"

#include <math.h>

/* Signed-rank test against t test on normal samples. */
#define EFFICIENCY (3 / M_PI)
#define WHOLE_DOUBLES 0x1p53

/* Rounds up; a number that exceeds a whole one by rounding only counts as that one. */
static uint64_t whole_runs(double runs)
{
    double whole = ceil(runs * (1 - 1e-12));
    if (!(whole <= WHOLE_DOUBLES))
        return STAT_NEVER;
    return whole < 1 ? 1 : (uint64_t)whole;
}

/* Runs until the event is missed with at most the probability missed. */
static uint64_t runs_until(double rate, double missed)
{
    if (!(rate > 0) || !stat_is_share(missed))
        return STAT_NEVER;
    if (rate >= 1)
        return 1;
    return whole_runs(log(missed) / log1p(-rate));
}

uint64_t stat_runs_to_see(double rate, double confidence)
{
    return runs_until(rate, 1 - confidence);
}

uint64_t stat_runs_to_verify(double rate_low, double confidence)
{
    return runs_until(rate_low, 1 - confidence);
}

double stat_verified_confidence(double rate_low, uint64_t runs)
{
    if (!(rate_low >= 0 && rate_low <= 1))
        return NAN;
    if (runs == 0)
        return 0;
    return -expm1((double)runs * log1p(-rate_low));
}

uint64_t stat_bisect_runs(double rate, uint64_t steps, double error)
{
    if (!stat_is_share(error))
        return STAT_NEVER;
    return runs_until(rate, error / (steps > 0 ? (double)steps : 1));
}

uint64_t stat_samples_for_quantile(double q, double confidence)
{
    return stat_is_share(q) ? runs_until(1 - q, 1 - confidence) : STAT_NEVER;
}

/* Standard deviations of the estimate that lie between no effect and one that is found; NaN for
 * arguments outside their range. */
static double separation(double sd, double alpha, double power)
{
    if (!(sd >= 0) || isinf(sd) || !stat_is_share(alpha) || !stat_is_share(power))
        return NAN;
    return fmax(0, stat_normal_deviate(alpha) + stat_normal_deviate(1 - power));
}

uint64_t stat_pairs_to_detect(double sd, double effect, double alpha, double power)
{
    double between = separation(sd, alpha, power);
    if (isnan(between) || !(effect > 0))
        return STAT_NEVER;
    double root = between * sd / log1p(effect);
    uint64_t pairs = whole_runs(root * root / EFFICIENCY);
    return pairs < STAT_PAIRS_MIN ? STAT_PAIRS_MIN : pairs;
}

double stat_detectable_effect(double sd, uint64_t pairs, double alpha, double power)
{
    double between = separation(sd, alpha, power);
    if (isnan(between))
        return NAN;
    if (pairs < STAT_PAIRS_MIN)
        return INFINITY;
    return expm1(between * sd / sqrt((double)pairs * EFFICIENCY));
}

double stat_variance_inflation(double size, double correlation)
{
    return 1 + (size - 1) * correlation;
}
