/* SPDX-License-Identifier: MIT
 *
 * Decides whether differences lean to one side, and where their centre lies.
 */
#include "harness/judge/stat_ranking.h"
#include "harness/judge/stat_sample.h"

#include <math.h>
#include <stdlib.h>

/* The probability of each sum 0 .. largest of ranks whose signs are positive by a fair coin. */
static double *sum_distribution(const uint64_t *ranks, size_t n, uint64_t largest,
                                struct failure *failure)
{
    double *weights = calloc(largest + 1, sizeof(*weights));
    if (!weights) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the signed-rank distribution");
        return NULL;
    }
    weights[0] = 1;
    uint64_t reached = 0;
    for (size_t i = 0; i < n; i++) {
        reached += ranks[i];
        for (uint64_t sum = reached + 1; sum-- > 0;) {
            double with = sum >= ranks[i] ? weights[sum - ranks[i]] : 0;
            weights[sum] = (weights[sum] + with) / 2;
        }
    }
    return weights;
}

/* The sizes of the differences that are not zero; their signs go to positive[]. */
static size_t take_sizes(const double *differences, size_t n, double *sizes, bool *positive)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (differences[i] != 0) {
            positive[used] = differences[i] > 0;
            sizes[used++] = fabs(differences[i]);
        }
    }
    return used;
}

static int fill_test(struct stat_rank_test *test, const struct ranking *ranking,
                     const bool *positive, struct failure *failure)
{
    uint64_t largest = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < test->used; i++) {
        largest += ranking->doubled[i];
        sum += positive[i] ? ranking->doubled[i] : 0;
    }
    test->statistic = (double)sum / 2;
    if (test->used > STAT_SIGNED_RANK_EXACT) {
        double n = (double)test->used;
        double variance = n * (n + 1) * (2 * n + 1) / 24 - ranking->ties / 48;
        ranking_approximate_p(test, n * (n + 1) / 4, variance);
        return 0;
    }
    double *weights = sum_distribution(ranking->doubled, test->used, largest, failure);
    if (!weights)
        return -1;
    ranking_exact_p(test, weights, largest, sum);
    free(weights);
    return 0;
}

int stat_signed_rank(const double *differences, size_t n, struct stat_rank_test *test,
                     struct failure *failure)
{
    if (n > STAT_RANK_MAX)
        return failure_set(failure, FAILURE_INTERNAL, "more than %d differences", STAT_RANK_MAX);
    for (size_t i = 0; i < n; i++) {
        if (isnan(differences[i]))
            return failure_set(failure, FAILURE_INTERNAL, "a difference is not a number");
    }
    struct ranking ranking = {NULL, 0};
    int result = -1;
    double *sizes = calloc(n + 1, sizeof(*sizes));
    bool *positive = calloc(n + 1, sizeof(*positive));
    if (!sizes || !positive) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu differences", n);
        goto done;
    }
    struct stat_rank_test found = {0};
    found.used = take_sizes(differences, n, sizes, positive);
    if (ranking_init(&ranking, sizes, found.used, failure) < 0 ||
        fill_test(&found, &ranking, positive, failure) < 0)
        goto done;
    *test = found;
    result = 0;
done:
    ranking_release(&ranking);
    free(positive);
    free(sizes);
    return result;
}

/* By the exact distribution of W+ for ranks 1 .. n. */
static int exact_place(size_t n, double tail, uint64_t *place, struct failure *failure)
{
    uint64_t ranks[STAT_SIGNED_RANK_EXACT] = {0};
    for (size_t i = 0; i < n; i++)
        ranks[i] = i + 1;
    uint64_t largest = (uint64_t)n * (n + 1) / 2;
    double *weights = sum_distribution(ranks, n, largest, failure);
    if (!weights)
        return -1;
    double below = 0;
    uint64_t k = 0;
    while (k < largest && below + weights[k] <= tail)
        below += weights[k++];
    *place = k;
    free(weights);
    return 0;
}

int stat_signed_rank_place(size_t n, double confidence, uint64_t *place, struct failure *failure)
{
    if (n > STAT_HODGES_LEHMANN_MAX || !stat_is_share(confidence))
        return failure_set(failure, FAILURE_INTERNAL,
                           "no signed-rank place for %zu values at confidence %g", n, confidence);
    double tail = (1 - confidence) / 2;
    if (n <= STAT_SIGNED_RANK_EXACT)
        return exact_place(n, tail, place, failure);
    double count = (double)n;
    double mean = count * (count + 1) / 4;
    double deviation = sqrt(count * (count + 1) * (2 * count + 1) / 24);
    double k = floor(mean + 0.5 - stat_normal_deviate(tail) * deviation);
    *place = k > 0 ? (uint64_t)k : 0;
    return 0;
}

static double *walsh_averages(const double *values, size_t n, size_t *count,
                              struct failure *failure)
{
    *count = n * (n + 1) / 2;
    double *averages = calloc(*count + 1, sizeof(*averages));
    if (!averages) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu averages", *count);
        return NULL;
    }
    size_t next = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++)
            averages[next++] = values[i] / 2 + values[j] / 2;
    }
    stat_sort(averages, *count);
    return averages;
}

int stat_hodges_lehmann(const double *values, size_t n, double confidence,
                        struct stat_location *location, struct failure *failure)
{
    uint64_t place = 0;
    size_t count = 0;
    if (!stat_all_finite(values, n))
        return failure_set(failure, FAILURE_INTERNAL, "a sample holds a value that is not finite");
    if (stat_signed_rank_place(n, confidence, &place, failure) < 0)
        return -1;
    double *averages = walsh_averages(values, n, &count, failure);
    if (!averages)
        return -1;
    location->estimate = stat_median_of_sorted(averages, count);
    location->interval = (struct stat_interval){-INFINITY, INFINITY};
    if (place > 0)
        location->interval = (struct stat_interval){averages[place - 1], averages[count - place]};
    free(averages);
    return 0;
}
