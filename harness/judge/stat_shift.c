/* SPDX-License-Identifier: MIT
 *
 * Decides by how much one of two unpaired samples lies higher than the other.
 */
#include "harness/judge/stat_rank.h"
#include "harness/judge/stat_sample.h"

#include <math.h>
#include <stdlib.h>

/* The probability of each U = 0 .. n m without ties: the coefficients of the Gaussian binomial,
 * each factor (1 - q^(m + i)) / (1 - q^i) multiplied and divided in place. */
static double *u_distribution(size_t n, size_t m, struct failure *failure)
{
    size_t largest = n * m;
    double *weights = calloc(largest + 1, sizeof(*weights));
    if (!weights) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the U distribution");
        return NULL;
    }
    weights[0] = 1;
    for (size_t i = 1; i <= n; i++) {
        for (size_t u = largest + 1; u-- > m + i;)
            weights[u] -= weights[u - m - i];
        for (size_t u = i; u <= largest; u++)
            weights[u] += weights[u - i];
    }
    double all = 0;
    for (size_t u = 0; u <= largest; u++)
        all += weights[u];
    for (size_t u = 0; u <= largest; u++)
        weights[u] /= all;
    return weights;
}

static int exact_place(size_t n, size_t m, double tail, uint64_t *place, struct failure *failure)
{
    double *weights = u_distribution(n, m, failure);
    if (!weights)
        return -1;
    double below = 0;
    uint64_t k = 0;
    while (k < n * m && below + weights[k] <= tail)
        below += weights[k++];
    *place = k;
    free(weights);
    return 0;
}

int stat_mann_whitney_place(size_t n, size_t m, double confidence, uint64_t *place,
                            struct failure *failure)
{
    if (n * m > STAT_SHIFT_MAX || !stat_is_share(confidence))
        return failure_set(failure, FAILURE_INTERNAL,
                           "no Mann-Whitney place for %zu and %zu values at confidence %g", n, m,
                           confidence);
    double tail = (1 - confidence) / 2;
    if (n + m <= STAT_MANN_WHITNEY_EXACT)
        return exact_place(n, m, tail, place, failure);
    double pairs = (double)n * (double)m;
    double deviation = sqrt(pairs * (double)(n + m + 1) / 12);
    double k = floor(pairs / 2 + 0.5 - stat_normal_deviate(tail) * deviation);
    *place = k > 0 ? (uint64_t)k : 0;
    return 0;
}

int stat_hodges_lehmann_shift(const double *first, size_t first_n, const double *second,
                              size_t second_n, double confidence, struct stat_location *location,
                              struct failure *failure)
{
    uint64_t place = 0;
    if (!stat_all_finite(first, first_n) || !stat_all_finite(second, second_n))
        return failure_set(failure, FAILURE_INTERNAL, "a sample holds a value that is not finite");
    if (stat_mann_whitney_place(first_n, second_n, confidence, &place, failure) < 0)
        return -1;
    size_t count = first_n * second_n;
    double *differences = calloc(count + 1, sizeof(*differences));
    if (!differences)
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu differences", count);
    for (size_t i = 0; i < first_n; i++) {
        for (size_t j = 0; j < second_n; j++)
            differences[i * second_n + j] = second[j] - first[i];
    }
    stat_sort(differences, count);
    location->estimate = stat_median_of_sorted(differences, count);
    location->interval = (struct stat_interval){-INFINITY, INFINITY};
    if (place > 0)
        location->interval =
            (struct stat_interval){differences[place - 1], differences[count - place]};
    free(differences);
    return 0;
}
