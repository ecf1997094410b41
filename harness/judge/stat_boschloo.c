/* SPDX-License-Identifier: MIT
 *
 * Decides Boschloo's unconditional p-value: the largest probability, over the rate that both sides
 * may share, of a table whose Fisher p is no larger than the one observed.
 */
#include "harness/judge/stat_two_by_two.h"

#include <math.h>
#include <stdlib.h>

#define GRID 1000
#define REFINEMENTS 60
/* Fisher p-values that are equal may differ by rounding: they count as equal up to this. */
#define SAME_P (1 + 1e-9)

/* One side: ln C(n, k) for each k, and room for the probabilities at one rate. */
struct side {
    uint64_t trials;
    double *choices;
    double *probabilities;
};

struct search {
    struct side a, b;
    const uint64_t *first; /* by A's hits: the fewest hits of B that count */
};

static void fill_choices(struct side *side)
{
    double sum = 0;
    side->choices[0] = 0;
    for (uint64_t k = 1; k <= side->trials; k++) {
        sum += log((double)(side->trials - k + 1) / (double)k);
        side->choices[k] = sum;
    }
}

static void fill_probabilities(const struct side *side, double log_rate, double log_rest)
{
    for (uint64_t k = 0; k <= side->trials; k++)
        side->probabilities[k] =
            exp(side->choices[k] + (double)k * log_rate + (double)(side->trials - k) * log_rest);
}

/* The probability of all tables that count, at the rate sin^2(angle). */
static double probability_at(const struct search *search, double angle)
{
    double log_rate = 2 * log(sin(angle));
    double log_rest = 2 * log(cos(angle));
    fill_probabilities(&search->a, log_rate, log_rest);
    fill_probabilities(&search->b, log_rate, log_rest);
    double sum = 0;
    double b_tail = 0;
    uint64_t next = search->b.trials + 1; /* b_tail sums B's hits from here on */
    for (uint64_t i = search->a.trials + 1; i-- > 0;) {
        while (next > search->first[i])
            b_tail += search->b.probabilities[--next];
        sum += search->a.probabilities[i] * b_tail;
    }
    return sum;
}

/* Golden section around the best point of the grid. */
static double refine(const struct search *search, double low, double high, double best)
{
    const double golden = 0.6180339887498949;
    for (int i = 0; i < REFINEMENTS && high - low > 1e-12; i++) {
        double left = high - golden * (high - low);
        double right = low + golden * (high - low);
        double at_left = probability_at(search, left);
        double at_right = probability_at(search, right);
        best = fmax(best, fmax(at_left, at_right));
        if (at_left < at_right)
            low = left;
        else
            high = right;
    }
    return best;
}

static double largest_probability(const struct search *search)
{
    const double step = M_PI_2 / (GRID + 1);
    int best_point = 1;
    double best = 0;
    for (int point = 1; point <= GRID; point++) {
        double probability = probability_at(search, point * step);
        if (probability > best) {
            best = probability;
            best_point = point;
        }
    }
    double low = (best_point - 0.999) * step;
    double high = (best_point + 0.999) * step;
    return refine(search, low, high, best);
}

double stat_boschloo(struct stat_two_by_two table)
{
    double fisher = stat_fisher(table);
    if (isnan(fisher) || table.a_trials > STAT_BOSCHLOO_MAX || table.b_trials > STAT_BOSCHLOO_MAX)
        return NAN;
    if (fisher >= 1)
        return 1;
    uint64_t a_cells = table.a_trials + 1;
    uint64_t b_cells = table.b_trials + 1;
    uint64_t *first = malloc(a_cells * sizeof(*first));
    double *cells = malloc(2 * (a_cells + b_cells) * sizeof(*cells));
    double p = NAN;
    if (!first || !cells)
        goto done;
    struct search search = {{table.a_trials, cells, cells + a_cells},
                            {table.b_trials, cells + 2 * a_cells, cells + 2 * a_cells + b_cells},
                            first};
    fill_choices(&search.a);
    fill_choices(&search.b);
    stat_fisher_region(table.a_trials, table.b_trials, fisher * SAME_P, first);
    /* The maximum never exceeds the statistic; only rounding could. */
    p = fmin(fisher, largest_probability(&search));
done:
    free(cells);
    free(first);
    return p;
}
