/* SPDX-License-Identifier: MIT
 *
 * Decides which rates of B a comparison of so many trials can tell from A's.
 */
#include "harness/judge/stat_binomial.h"
#include "harness/judge/stat_budget.h"
#include "harness/judge/stat_two_by_two.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define NEGLIGIBLE 1e-16

struct comparison {
    uint64_t a_trials, b_trials;
    double a_rate;
    uint64_t *first; /* stat_fisher_region */
};

static bool is_rate(double rate)
{
    return rate >= 0 && rate <= 1;
}

/* false: out of range or no memory. Released by free(first). */
static bool comparison_init(struct comparison *comparison, double alpha)
{
    if (comparison->a_trials > STAT_POWER_MAX || comparison->b_trials > STAT_POWER_MAX ||
        !is_rate(comparison->a_rate) || !stat_is_share(alpha))
        return false;
    comparison->first = calloc(comparison->a_trials + 1, sizeof(*comparison->first));
    if (!comparison->first)
        return false;
    stat_fisher_region(comparison->a_trials, comparison->b_trials, alpha, comparison->first);
    return true;
}

static double power_at(double b_rate, const void *context)
{
    const struct comparison *comparison = context;
    double power = 0;
    for (uint64_t i = 0; i <= comparison->a_trials; i++) {
        double weight =
            stat_binomial_density((double)i, (double)comparison->a_trials, comparison->a_rate);
        if (weight > NEGLIGIBLE && comparison->first[i] <= comparison->b_trials)
            power += weight *
                     stat_binomial_at_or_above(comparison->first[i], comparison->b_trials, b_rate);
    }
    return power;
}

double stat_fisher_power(uint64_t a_trials, double a_rate, uint64_t b_trials, double b_rate,
                         double alpha)
{
    struct comparison comparison = {a_trials, b_trials, a_rate, NULL};
    if (!is_rate(b_rate) || !comparison_init(&comparison, alpha))
        return NAN;
    double power = power_at(b_rate, &comparison);
    free(comparison.first);
    return power;
}

double stat_detectable_rate(uint64_t a_trials, double a_rate, uint64_t b_trials, double alpha,
                            double power)
{
    struct comparison comparison = {a_trials, b_trials, a_rate, NULL};
    if (!stat_is_share(power) || !comparison_init(&comparison, alpha))
        return NAN;
    double rate = INFINITY;
    if (power_at(1, &comparison) >= power)
        rate = stat_solve(power_at, &comparison, a_rate, 1, power);
    free(comparison.first);
    return rate;
}
