/* SPDX-License-Identifier: MIT
 *
 * One sample: order, median and what the median's neighbours say about it, values far away.
 *
 * Safe in any thread. Functions with a struct failure return -1 and leave the results untouched
 * when they fail: FAILURE_INTERNAL for values that they cannot take, FAILURE_ENVIRONMENT for no
 * memory.
 */
#ifndef JUDGE_STAT_SAMPLE_H
#define JUDGE_STAT_SAMPLE_H

#include "harness/base/failure.h"
#include "harness/judge/stat_special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether no value is NaN or infinite. True for no values. */
bool stat_all_finite(const double *values, size_t n);

/** Sorts upwards, in place. No value may be NaN. */
void stat_sort(double *values, size_t n);

/** The middle value, or the mean of the two middle ones. n = 0: NaN. */
double stat_median_of_sorted(const double *sorted, size_t n);

/** A sorted copy of finite values, to be freed by the caller; NULL with *failure filled if one is
 *  not finite or no memory is left. n = 0 gives a copy, too. */
double *stat_sorted_copy(const double *values, size_t n, struct failure *failure);

/** Places in a sorted sample, counted from 1; 0 and 0: the sample is too small. */
struct stat_places {
    uint64_t low, high;
};

/** The places whose values enclose the median of the population with at least the confidence
 *  (exact, from the binomial of rate 1/2). At 0.95 a sample needs 6 values. */
struct stat_places stat_median_places(uint64_t n, double confidence);

struct stat_median {
    double estimate; /**< NaN without values */
    struct stat_interval interval;
};

/** Median with its exact interval; infinite bounds where the sample is too small. Fails on values
 *  that are not finite and a confidence outside (0, 1). */
int stat_median_interval(const double *values, size_t n, double confidence,
                         struct stat_median *median, struct failure *failure);

/** Sets flags[i] where |value - median| / MAD > 14.826 (10 standard deviations of a normal sample;
 *  the rule of hyperfine). With MAD = 0 every value off the median is flagged. Flagged values are
 *  to be shown, never dropped. Returns how many, or -1. */
int stat_flag_outliers(const double *values, size_t n, bool *flags, struct failure *failure);

#endif
