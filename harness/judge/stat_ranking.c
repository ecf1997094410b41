/* SPDX-License-Identifier: MIT
 *
 * Decides ranks of tied values and how the p-values follow from a distribution.
 */
#include "harness/judge/stat_ranking.h"

#include <math.h>
#include <stdlib.h>

struct place {
    double value;
    size_t index;
};

static int compare(const void *left, const void *right)
{
    double a = ((const struct place *)left)->value;
    double b = ((const struct place *)right)->value;
    return (a > b) - (a < b);
}

int ranking_init(struct ranking *ranking, const double *values, size_t n, struct failure *failure)
{
    struct place *places = calloc(n + 1, sizeof(*places));
    ranking->doubled = calloc(n + 1, sizeof(*ranking->doubled));
    ranking->ties = 0;
    if (!places || !ranking->doubled) {
        free(places);
        ranking_release(ranking);
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory to rank %zu values", n);
    }
    for (size_t i = 0; i < n; i++)
        places[i] = (struct place){values[i], i};
    if (n > 1)
        qsort(places, n, sizeof(*places), compare);
    for (size_t start = 0, end; start < n; start = end) {
        for (end = start + 1; end < n && places[end].value == places[start].value; end++)
            ;
        double size = (double)(end - start);
        ranking->ties += size * size * size - size;
        for (size_t i = start; i < end; i++)
            ranking->doubled[places[i].index] = start + 1 + end;
    }
    free(places);
    return 0;
}

void ranking_release(struct ranking *ranking)
{
    free(ranking->doubled);
    ranking->doubled = NULL;
}

static void set_two_sided(struct stat_rank_test *test)
{
    test->p_two_sided = fmin(1, 2 * fmin(test->p_less, test->p_greater));
}

void ranking_exact_p(struct stat_rank_test *test, const double *weights, uint64_t largest,
                     uint64_t sum)
{
    double below = 0;
    double above = 0;
    for (uint64_t s = 0; s < sum; s++)
        below += weights[s];
    for (uint64_t s = sum + 1; s <= largest; s++)
        above += weights[s];
    double all = below + weights[sum] + above;
    test->p_less = (below + weights[sum]) / all;
    test->p_greater = (above + weights[sum]) / all;
    test->exact = true;
    set_two_sided(test);
}

void ranking_approximate_p(struct stat_rank_test *test, double mean, double variance)
{
    test->exact = false;
    test->p_less = test->p_greater = 1;
    if (variance > 0) {
        double deviation = sqrt(variance);
        test->p_less = stat_normal_tail((mean - 0.5 - test->statistic) / deviation);
        test->p_greater = stat_normal_tail((test->statistic - 0.5 - mean) / deviation);
    }
    set_two_sided(test);
}
