/* SPDX-License-Identifier: MIT
 *
 * Decides the ratio of two builds measured in pairs.
 */
#include "harness/judge/stat_paired.h"

#include "harness/base/prf.h"
#include "harness/judge/stat_rank.h"
#include "harness/judge/stat_sample.h"

#include <math.h>
#include <stdlib.h>

#define RESAMPLES_MIN 100
#define RESAMPLES_MAX 100000

/* The logarithms of b / a, to be freed by the caller; NULL with *failure filled. */
static double *log_ratios(const double *a, const double *b, size_t pairs, double confidence,
                          struct failure *failure)
{
    if (pairs > STAT_PAIRS_MAX || !stat_is_share(confidence)) {
        failure_set(failure, FAILURE_INTERNAL, "no ratio of %zu pairs at confidence %g", pairs,
                    confidence);
        return NULL;
    }
    double *logs = calloc(pairs + 1, sizeof(*logs));
    if (!logs) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu pairs", pairs);
        return NULL;
    }
    for (size_t i = 0; i < pairs; i++) {
        if (!(a[i] > 0 && b[i] > 0) || isinf(a[i]) || isinf(b[i])) {
            failure_set(failure, FAILURE_INTERNAL, "pair %zu (%g, %g) has no ratio", i, a[i], b[i]);
            free(logs);
            return NULL;
        }
        logs[i] = log(b[i]) - log(a[i]);
    }
    return logs;
}

static double standard_deviation(const double *values, size_t n)
{
    if (n < 2)
        return NAN;
    double mean = 0;
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)(n - 1));
}

static struct stat_interval exp_of(struct stat_interval logs)
{
    return (struct stat_interval){exp(logs.low), exp(logs.high)};
}

/* What both kinds of ratio tell besides estimate and interval. */
static int describe(struct stat_ratio *ratio, const double *logs, size_t pairs,
                    struct failure *failure)
{
    struct stat_rank_test test = {0};
    if (stat_signed_rank(logs, pairs, &test, failure) < 0)
        return -1;
    ratio->pairs = pairs;
    ratio->sd = standard_deviation(logs, pairs);
    ratio->p_two_sided = test.p_two_sided;
    ratio->p_greater = test.p_greater;
    return 0;
}

int stat_paired_ratio(const double *a, const double *b, size_t pairs, double confidence,
                      struct stat_ratio *ratio, struct failure *failure)
{
    double *logs = log_ratios(a, b, pairs, confidence, failure);
    if (!logs)
        return -1;
    struct stat_location centre = {0};
    struct stat_ratio found = {0};
    int result = stat_hodges_lehmann(logs, pairs, confidence, &centre, failure);
    if (result == 0)
        result = describe(&found, logs, pairs, failure);
    if (result == 0) {
        found.estimate = exp(centre.estimate);
        found.interval = exp_of(centre.interval);
        *ratio = found;
    }
    free(logs);
    return result;
}

/* The median of one resample of n sorted values: a draw counts places instead of moving values. */
static double resampled_median(const double *sorted, uint32_t *drawn, size_t n, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        drawn[i] = 0;
    for (size_t i = 0; i < n; i++)
        drawn[prf_below(prf_mix(key ^ i), n)]++;
    size_t lower_place = (n - 1) / 2; /* of the two middle ones, counted from 0 */
    size_t upper_place = n / 2;
    size_t passed = 0;
    size_t place = 0;
    while ((passed += drawn[place]) <= lower_place)
        place++;
    double lower = sorted[place];
    while (passed <= upper_place)
        passed += drawn[++place];
    return lower / 2 + sorted[place] / 2;
}

/* Draws the resamples' medians and takes their percentiles, rounded outwards. */
static struct stat_interval percentile_interval(const double *sorted, size_t n, double confidence,
                                                double *medians, uint64_t resamples,
                                                uint32_t *drawn, uint64_t seed)
{
    for (uint64_t i = 0; i < resamples; i++)
        medians[i] = resampled_median(sorted, drawn, n, prf_mix(prf_mix(seed) + i));
    stat_sort(medians, resamples);
    double outside = floor((1 - confidence) / 2 * (double)resamples);
    uint64_t low = (uint64_t)fmin(outside, (double)((resamples - 1) / 2));
    return (struct stat_interval){medians[low], medians[resamples - 1 - low]};
}

int stat_bootstrap_ratio(const double *a, const double *b, size_t pairs, double confidence,
                         uint64_t resamples, uint64_t seed, struct stat_ratio *ratio,
                         struct failure *failure)
{
    if (resamples < RESAMPLES_MIN || resamples > RESAMPLES_MAX)
        return failure_set(failure, FAILURE_INTERNAL, "resamples must be %d to %d", RESAMPLES_MIN,
                           RESAMPLES_MAX);
    double *logs = log_ratios(a, b, pairs, confidence, failure);
    if (!logs)
        return -1;
    int result = -1;
    struct stat_ratio found = {0};
    double *medians = calloc(resamples, sizeof(*medians));
    uint32_t *drawn = calloc(pairs + 1, sizeof(*drawn));
    if (!medians || !drawn) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu pairs", pairs);
        goto done;
    }
    if (describe(&found, logs, pairs, failure) < 0)
        goto done;
    for (size_t i = 0; i < pairs; i++)
        logs[i] = b[i] / a[i];
    stat_sort(logs, pairs);
    found.estimate = stat_median_of_sorted(logs, pairs);
    found.interval = (struct stat_interval){0, INFINITY};
    if (pairs > 0)
        found.interval =
            percentile_interval(logs, pairs, confidence, medians, resamples, drawn, seed);
    *ratio = found;
    result = 0;
done:
    free(drawn);
    free(medians);
    free(logs);
    return result;
}

enum stat_margin_verdict stat_judge_margin(struct stat_interval ratio, double margin)
{
    if (ratio.low > 1 + margin)
        return STAT_BEYOND_MARGIN;
    if (ratio.high < 1 + margin && !isnan(ratio.low))
        return STAT_WITHIN_MARGIN;
    return STAT_UNDECIDED;
}
