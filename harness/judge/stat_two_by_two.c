/* SPDX-License-Identifier: MIT
 *
 * Decides whether one build fails more often than the other: exact conditional tests, pairs, and
 * the interval of the difference. Boschloo's test stands in stat_boschloo.c.
 */
#include "harness/judge/stat_two_by_two.h"

#include "harness/judge/stat_binomial.h"

#include <math.h>
#include <stdbool.h>

/* Tables that are equally likely may differ by rounding: they count as equal up to this. */
#define SAME_LIKELIHOOD (1 + 1e-7)
#define NEGLIGIBLE 1e-18

/* All tables with the same margins; one of them is named by A's hits. */
struct margins {
    double a, b;      /* trials */
    double hits;      /* of both */
    double low, high; /* A's hits lie between */
};

static bool table_is_valid(struct stat_two_by_two table)
{
    return table.a_hits <= table.a_trials && table.b_hits <= table.b_trials &&
           table.a_trials <= STAT_TABLE_MAX && table.b_trials <= STAT_TABLE_MAX;
}

static struct margins margins_of(struct stat_two_by_two table)
{
    struct margins margins = {(double)table.a_trials, (double)table.b_trials,
                              (double)(table.a_hits + table.b_hits), 0, 0};
    margins.low = fmax(0, margins.hits - margins.b);
    margins.high = fmin(margins.hits, margins.a);
    return margins;
}

/* The hypergeometric probability of one table, as a ratio of binomial ones. */
static double likelihood(const struct margins *margins, double i)
{
    double share = margins->hits / (margins->a + margins->b);
    return stat_binomial_density(i, margins->a, share) *
           stat_binomial_density(margins->hits - i, margins->b, share) /
           stat_binomial_density(margins->hits, margins->a + margins->b, share);
}

/* likelihood(i + 1) / likelihood(i) */
static double next_ratio(const struct margins *margins, double i)
{
    return (margins->a - i) * (margins->hits - i) /
           ((i + 1) * (margins->b - margins->hits + i + 1));
}

static double sum_from(const struct margins *margins, double i)
{
    if (i > margins->high)
        return 0;
    double term = likelihood(margins, i);
    double sum = term;
    for (; i < margins->high; i++) {
        double ratio = next_ratio(margins, i);
        term *= ratio;
        sum += term;
        if (ratio < 1 && term < sum * NEGLIGIBLE)
            break;
    }
    return sum;
}

static double sum_down_from(const struct margins *margins, double i)
{
    if (i < margins->low)
        return 0;
    double term = likelihood(margins, i);
    double sum = term;
    for (; i > margins->low; i--) {
        double ratio = 1 / next_ratio(margins, i - 1);
        term *= ratio;
        sum += term;
        if (ratio < 1 && term < sum * NEGLIGIBLE)
            break;
    }
    return sum;
}

double stat_fisher(struct stat_two_by_two table)
{
    if (!table_is_valid(table))
        return NAN;
    if (table.a_trials == 0 || table.b_trials == 0)
        return 1;
    struct margins margins = margins_of(table);
    double i = (double)table.a_hits;
    double mean = margins.hits * margins.a / (margins.a + margins.b);
    double p = i > mean ? 1 - sum_from(&margins, i + 1) : sum_down_from(&margins, i);
    return fmin(1, fmax(0, p));
}

/* The table nearest to the mode, above (direction 1) or below (-1) it, that is not likelier than
 *  the limit; one step outside of the range if there is none. Likelihood falls away from it. */
static double far_side(const struct margins *margins, double mode, int direction, double limit)
{
    double inner = mode;
    double outer = direction > 0 ? margins->high + 1 : margins->low - 1;
    while (fabs(outer - inner) > 1) {
        double middle = floor((inner + outer) / 2);
        if (likelihood(margins, middle) <= limit)
            outer = middle;
        else
            inner = middle;
    }
    return outer;
}

double stat_fisher_two_sided(struct stat_two_by_two table)
{
    if (!table_is_valid(table))
        return NAN;
    if (table.a_trials == 0 || table.b_trials == 0)
        return 1;
    struct margins margins = margins_of(table);
    double limit = likelihood(&margins, (double)table.a_hits) * SAME_LIKELIHOOD;
    double mode = floor((margins.a + 1) * (margins.hits + 1) / (margins.a + margins.b + 2));
    mode = fmin(margins.high, fmax(margins.low, mode));
    if (likelihood(&margins, mode) <= limit)
        return 1;
    double p = sum_down_from(&margins, far_side(&margins, mode, -1, limit)) +
               sum_from(&margins, far_side(&margins, mode, 1, limit));
    return fmin(1, p);
}

void stat_fisher_region(uint64_t a_trials, uint64_t b_trials, double level, uint64_t *first)
{
    uint64_t j = 0;
    for (uint64_t i = 0; i <= a_trials; i++) {
        while (j <= b_trials &&
               stat_fisher((struct stat_two_by_two){i, a_trials, j, b_trials}) > level)
            j++;
        first[i] = j;
    }
}

double stat_mcnemar(uint64_t a_only, uint64_t b_only)
{
    if (a_only > STAT_COUNT_MAX || b_only > STAT_COUNT_MAX)
        return NAN;
    return stat_binomial_at_or_above(b_only, a_only + b_only, 0.5);
}

double stat_mcnemar_two_sided(uint64_t a_only, uint64_t b_only)
{
    double smaller = fmin(stat_mcnemar(a_only, b_only), stat_mcnemar(b_only, a_only));
    return fmin(1, 2 * smaller);
}

struct stat_interval stat_newcombe(struct stat_two_by_two table, double confidence)
{
    struct stat_interval a = stat_wilson(table.a_hits, table.a_trials, confidence);
    struct stat_interval b = stat_wilson(table.b_hits, table.b_trials, confidence);
    if (isnan(a.low) || isnan(b.low))
        return stat_no_interval();
    if (table.a_trials == 0 || table.b_trials == 0)
        return (struct stat_interval){-1, 1};
    double a_rate = (double)table.a_hits / (double)table.a_trials;
    double b_rate = (double)table.b_hits / (double)table.b_trials;
    double difference = b_rate - a_rate;
    return (struct stat_interval){difference - hypot(b_rate - b.low, a.high - a_rate),
                                  difference + hypot(b.high - b_rate, a_rate - a.low)};
}
