/* SPDX-License-Identifier: MIT
 *
 * Decides median, its interval, and which values lie far from it.
 */
#include "harness/judge/stat_sample.h"

#include "harness/judge/stat_binomial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAR_AWAY 14.826 /* median absolute deviations */

bool stat_all_finite(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

void stat_sort(double *values, size_t n)
{
    if (n > 1)
        qsort(values, n, sizeof(*values), compare);
}

double stat_median_of_sorted(const double *sorted, size_t n)
{
    if (n == 0)
        return NAN;
    double upper = sorted[n / 2];
    return n % 2 ? upper : sorted[n / 2 - 1] / 2 + upper / 2;
}

double *stat_sorted_copy(const double *values, size_t n, struct failure *failure)
{
    if (!stat_all_finite(values, n)) {
        failure_set(failure, FAILURE_INTERNAL, "a sample holds a value that is not finite");
        return NULL;
    }
    double *copy = calloc(n + 1, sizeof(*copy));
    if (!copy) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a sample of %zu values", n);
        return NULL;
    }
    if (n > 0)
        memcpy(copy, values, n * sizeof(*copy));
    stat_sort(copy, n);
    return copy;
}

struct stat_places stat_median_places(uint64_t n, double confidence)
{
    struct stat_places none = {0, 0};
    if (n > STAT_COUNT_MAX || !stat_is_share(confidence))
        return none;
    double tail = (1 - confidence) / 2;
    uint64_t place = 0; /* the largest with P(X < place) <= tail */
    uint64_t above = n / 2 + 1;
    while (above - place > 1) {
        uint64_t middle = place + (above - place) / 2;
        if (stat_binomial_at_or_below(middle - 1, n, 0.5) <= tail)
            place = middle;
        else
            above = middle;
    }
    return place == 0 ? none : (struct stat_places){place, n + 1 - place};
}

int stat_median_interval(const double *values, size_t n, double confidence,
                         struct stat_median *median, struct failure *failure)
{
    if (!stat_is_share(confidence))
        return failure_set(failure, FAILURE_INTERNAL, "confidence %g is not in (0, 1)", confidence);
    double *sorted = stat_sorted_copy(values, n, failure);
    if (!sorted)
        return -1;
    struct stat_places places = stat_median_places(n, confidence);
    median->estimate = stat_median_of_sorted(sorted, n);
    median->interval = (struct stat_interval){-INFINITY, INFINITY};
    if (places.low > 0)
        median->interval = (struct stat_interval){sorted[places.low - 1], sorted[places.high - 1]};
    free(sorted);
    return 0;
}

int stat_flag_outliers(const double *values, size_t n, bool *flags, struct failure *failure)
{
    double *sorted = stat_sorted_copy(values, n, failure);
    if (!sorted)
        return -1;
    double median = stat_median_of_sorted(sorted, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = fabs(values[i] - median);
    stat_sort(sorted, n);
    double reach = FAR_AWAY * stat_median_of_sorted(sorted, n);
    int count = 0;
    for (size_t i = 0; i < n; i++) {
        flags[i] = fabs(values[i] - median) > reach;
        count += flags[i];
    }
    free(sorted);
    return count;
}
