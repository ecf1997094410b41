/* SPDX-License-Identifier: MIT
 *
 * Decides what k events in an exposure say about their rate.
 */
#include "harness/judge/stat_poisson.h"

#include <math.h>

static double at_or_above(double mean, const void *context)
{
    return stat_lower_gamma(*(const double *)context, mean);
}

static double at_or_below(double mean, const void *context)
{
    return stat_upper_gamma(*(const double *)context + 1, mean);
}

/* The mean at which k or more events have the probability tail. */
static double lower_mean(double k, double tail)
{
    if (k == 0)
        return 0;
    double ceiling = k;
    while (at_or_above(ceiling, &k) < tail)
        ceiling *= 2;
    return stat_solve(at_or_above, &k, 0, ceiling, tail);
}

/* The mean at which k or less events have the probability tail. */
static double upper_mean(double k, double tail)
{
    if (k == 0)
        return -log(tail);
    double ceiling = k;
    while (at_or_below(ceiling, &k) > tail)
        ceiling *= 2;
    return stat_solve(at_or_below, &k, 0, ceiling, tail);
}

struct stat_interval stat_poisson_rate(uint64_t k, double exposure, double unit, double confidence)
{
    if (!(exposure >= 0 && unit > 0) || isinf(exposure) || isinf(unit) ||
        !stat_is_share(confidence))
        return stat_no_interval();
    double scale = unit / exposure;
    if (isinf(scale) || k > STAT_COUNT_MAX)
        return (struct stat_interval){0, INFINITY};
    double tail = (1 - confidence) / 2;
    return (struct stat_interval){lower_mean((double)k, tail) * scale,
                                  upper_mean((double)k, tail) * scale};
}
