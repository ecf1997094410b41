/* SPDX-License-Identifier: MIT
 *
 * Decides whether one of two unpaired samples lies lower than the other.
 */
#include "harness/judge/stat_ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *join(const double *first, size_t first_n, const double *second, size_t second_n,
                    struct failure *failure)
{
    double *joined = calloc(first_n + second_n + 1, sizeof(*joined));
    if (!joined) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu values", first_n + second_n);
        return NULL;
    }
    if (first_n > 0)
        memcpy(joined, first, first_n * sizeof(*joined));
    if (second_n > 0)
        memcpy(joined + first_n, second, second_n * sizeof(*joined));
    for (size_t i = 0; i < first_n + second_n; i++) {
        if (isnan(joined[i])) {
            failure_set(failure, FAILURE_INTERNAL, "a sample holds a value that is not a number");
            free(joined);
            return NULL;
        }
    }
    return joined;
}

/* How many ways there are to choose `chosen` of the n ranks with each sum 0 .. largest: row
 * `chosen` of a table, which counts exactly up to 2^53 and to 1e-16 of itself above. */
static double *count_sums(const uint64_t *ranks, size_t n, size_t chosen, uint64_t largest,
                          struct failure *failure)
{
    size_t width = largest + 1;
    double *table = calloc((chosen + 1) * width, sizeof(*table));
    if (!table) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the U distribution");
        return NULL;
    }
    table[0] = 1;
    for (size_t i = 0; i < n; i++) {
        size_t most = i + 1 < chosen ? i + 1 : chosen;
        for (size_t size = most; size > 0; size--) {
            double *row = table + size * width;
            const double *smaller = row - width;
            for (uint64_t sum = ranks[i]; sum <= largest; sum++)
                row[sum] += smaller[sum - ranks[i]];
        }
    }
    memmove(table, table + chosen * width, width * sizeof(*table));
    return table;
}

static int fill_exact(struct stat_rank_test *test, const struct ranking *ranking, size_t first_n,
                      size_t all_n, uint64_t sum, struct failure *failure)
{
    uint64_t largest = (uint64_t)all_n * (all_n + 1);
    double *weights = count_sums(ranking->doubled, all_n, first_n, largest, failure);
    if (!weights)
        return -1;
    ranking_exact_p(test, weights, largest, sum);
    free(weights);
    return 0;
}

int stat_mann_whitney(const double *first, size_t first_n, const double *second, size_t second_n,
                      struct stat_rank_test *test, struct failure *failure)
{
    if (first_n > STAT_RANK_MAX || second_n > STAT_RANK_MAX)
        return failure_set(failure, FAILURE_INTERNAL, "a sample has more than %d values",
                           STAT_RANK_MAX);
    size_t all_n = first_n + second_n;
    struct ranking ranking = {NULL, 0};
    int result = -1;
    double *joined = join(first, first_n, second, second_n, failure);
    if (!joined || ranking_init(&ranking, joined, all_n, failure) < 0)
        goto done;
    uint64_t sum = 0;
    for (size_t i = 0; i < first_n; i++)
        sum += ranking.doubled[i];
    double n = (double)first_n;
    double m = (double)second_n;
    struct stat_rank_test found = {0};
    found.used = all_n;
    found.statistic = (double)sum / 2 - n * (n + 1) / 2;
    if (all_n <= STAT_MANN_WHITNEY_EXACT) {
        if (fill_exact(&found, &ranking, first_n, all_n, sum, failure) < 0)
            goto done;
    } else {
        double all = n + m;
        double variance = n * m / 12 * (all + 1 - ranking.ties / (all * (all - 1)));
        ranking_approximate_p(&found, n * m / 2, variance);
    }
    *test = found;
    result = 0;
done:
    ranking_release(&ranking);
    free(joined);
    return result;
}
