/* SPDX-License-Identifier: MIT
 *
 * Decides what k of n trials say about the rate.
 */
#include "harness/judge/stat_binomial.h"

#include <math.h>

struct counts {
    uint64_t k, n;
};

double stat_binomial_at_or_below(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0 && p <= 1) || n > STAT_COUNT_MAX)
        return NAN;
    if (k >= n || p == 0)
        return 1;
    if (p == 1)
        return 0;
    return stat_upper_beta((double)k + 1, (double)(n - k), p);
}

double stat_binomial_at_or_above(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0 && p <= 1) || n > STAT_COUNT_MAX)
        return NAN;
    if (k == 0)
        return 1;
    if (k > n || p == 0)
        return 0;
    return stat_lower_beta((double)k, (double)(n - k) + 1, p);
}

static double at_or_below(double p, const void *context)
{
    const struct counts *counts = context;
    return stat_binomial_at_or_below(counts->k, counts->n, p);
}

static double at_or_above(double p, const void *context)
{
    const struct counts *counts = context;
    return stat_binomial_at_or_above(counts->k, counts->n, p);
}

/* The rate at which k or more of n has the probability tail. */
static double lower_bound(uint64_t k, uint64_t n, double tail)
{
    if (k == 0 || n > STAT_COUNT_MAX)
        return 0;
    if (k == n)
        return exp(log(tail) / (double)n);
    struct counts counts = {k, n};
    return stat_solve(at_or_above, &counts, 0, 1, tail);
}

/* The rate at which k or less of n has the probability tail. */
static double upper_bound(uint64_t k, uint64_t n, double tail)
{
    if (k == n || n > STAT_COUNT_MAX)
        return 1;
    if (k == 0)
        return -expm1(log(tail) / (double)n);
    struct counts counts = {k, n};
    return stat_solve(at_or_below, &counts, 0, 1, tail);
}

double stat_binomial_at_least(uint64_t k, uint64_t n, double confidence)
{
    if (k > n || !stat_is_share(confidence))
        return NAN;
    return lower_bound(k, n, 1 - confidence);
}

double stat_binomial_at_most(uint64_t k, uint64_t n, double confidence)
{
    if (k > n || !stat_is_share(confidence))
        return NAN;
    return upper_bound(k, n, 1 - confidence);
}

double stat_zero_of_n(uint64_t n, double confidence)
{
    return stat_binomial_at_most(0, n, confidence);
}

struct stat_interval stat_clopper_pearson(uint64_t k, uint64_t n, double confidence)
{
    if (k > n || !stat_is_share(confidence))
        return stat_no_interval();
    double tail = (1 - confidence) / 2;
    return (struct stat_interval){lower_bound(k, n, tail), upper_bound(k, n, tail)};
}

struct stat_interval stat_wilson(uint64_t k, uint64_t n, double confidence)
{
    if (k > n || !stat_is_share(confidence))
        return stat_no_interval();
    if (n == 0 || n > STAT_COUNT_MAX)
        return (struct stat_interval){0, 1};
    double trials = (double)n;
    double rate = (double)k / trials;
    double z = stat_two_sided_deviate(confidence);
    double scale = 1 + z * z / trials;
    double centre = rate + z * z / (2 * trials);
    double reach = z * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials));
    return (struct stat_interval){k == 0 ? 0 : (centre - reach) / scale,
                                  k == n ? 1 : (centre + reach) / scale};
}
