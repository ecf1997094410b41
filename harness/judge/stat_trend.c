/* SPDX-License-Identifier: MIT
 *
 * Decides slope and trend of a series.
 */
#include "harness/judge/stat_trend.h"

#include "harness/judge/stat_sample.h"

#include <math.h>
#include <stdlib.h>

static int check_size(size_t n, struct failure *failure)
{
    if (n <= STAT_TREND_MAX)
        return 0;
    return failure_set(failure, FAILURE_INTERNAL, "a series of %zu points is too long (most %d)", n,
                       STAT_TREND_MAX);
}

/* Variance of Kendall's S without ties. */
static double kendall_variance(double n)
{
    return n * (n - 1) * (2 * n + 5) / 18;
}

static size_t fill_slopes(const double *x, const double *y, size_t n, double *slopes)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            if (x[j] != x[i])
                slopes[count++] = (y[j] - y[i]) / (x[j] - x[i]);
        }
    }
    return count;
}

static struct stat_interval slope_interval(const double *sorted, size_t pairs, size_t n,
                                           double confidence)
{
    struct stat_interval interval = {-INFINITY, INFINITY};
    double reach = stat_two_sided_deviate(confidence) * sqrt(kendall_variance((double)n));
    double low = nearbyint(((double)pairs - reach) / 2) - 1;
    double high = nearbyint(((double)pairs + reach) / 2);
    if (low >= 0 && high <= (double)pairs - 1) {
        interval.low = sorted[(size_t)low];
        interval.high = sorted[(size_t)high];
    }
    return interval;
}

int stat_theil_sen(const double *x, const double *y, size_t n, double confidence,
                   struct stat_slope *slope, struct failure *failure)
{
    if (check_size(n, failure) < 0)
        return -1;
    if (!stat_is_share(confidence) || !stat_all_finite(x, n) || !stat_all_finite(y, n))
        return failure_set(failure, FAILURE_INTERNAL,
                           "no slope of values that are not finite, or at confidence %g",
                           confidence);
    size_t room = n * (n > 0 ? n - 1 : 0) / 2 + n + 1;
    double *work = calloc(room, sizeof(*work));
    if (!work)
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the slopes of %zu points",
                           n);
    slope->pairs = fill_slopes(x, y, n, work);
    stat_sort(work, slope->pairs);
    slope->estimate = stat_median_of_sorted(work, slope->pairs);
    slope->interval = slope_interval(work, slope->pairs, n, confidence);
    slope->intercept = NAN;
    if (slope->pairs > 0) {
        for (size_t i = 0; i < n; i++)
            work[i] = y[i] - slope->estimate * x[i];
        stat_sort(work, n);
        slope->intercept = stat_median_of_sorted(work, n);
    }
    free(work);
    return 0;
}

/* What groups of equal values take from the variance of S. */
static double tie_correction(const double *sorted, size_t n)
{
    double correction = 0;
    for (size_t start = 0, end; start < n; start = end) {
        for (end = start + 1; end < n && sorted[end] == sorted[start]; end++)
            ;
        correction += kendall_variance((double)(end - start));
    }
    return correction;
}

static int64_t kendall_s(const double *values, size_t n)
{
    int64_t s = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++)
            s += (values[j] > values[i]) - (values[j] < values[i]);
    }
    return s;
}

/* S moved by one towards 0, in standard deviations. */
static double corrected_z(int64_t s, double moved, double variance)
{
    return s == 0 || !(variance > 0) ? 0 : moved / sqrt(variance);
}

int stat_mann_kendall(const double *values, size_t n, struct stat_mann_kendall *trend,
                      struct failure *failure)
{
    if (check_size(n, failure) < 0)
        return -1;
    double *sorted = stat_sorted_copy(values, n, failure);
    if (!sorted)
        return -1;
    double variance = kendall_variance((double)n) - tie_correction(sorted, n);
    free(sorted);
    int64_t s = kendall_s(values, n);
    trend->s = s;
    trend->z = corrected_z(s, (double)(s > 0 ? s - 1 : s + 1), variance);
    trend->p_two_sided = fmin(1, 2 * stat_normal_tail(fabs(trend->z)));
    trend->p_rising = variance > 0 ? stat_normal_tail(((double)s - 1) / sqrt(variance)) : 1;
    return 0;
}
