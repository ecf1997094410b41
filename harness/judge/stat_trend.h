/* SPDX-License-Identifier: MIT
 *
 * Does a series rise, and by how much for each step of x? Neither answer is moved by a few wild
 * points.
 *
 * Safe in any thread. Functions return -1 and leave the result untouched when they fail:
 * FAILURE_INTERNAL for values that are not finite, a confidence outside (0, 1) or more than
 * STAT_TREND_MAX points (take every k-th one); FAILURE_ENVIRONMENT for no memory.
 */
#ifndef JUDGE_STAT_TREND_H
#define JUDGE_STAT_TREND_H

#include "harness/base/failure.h"
#include "harness/judge/stat_special.h"

#include <stddef.h>
#include <stdint.h>

/** Most points: time and memory grow with the square (2048 points: 16 MiB, about 0.3 s). */
#define STAT_TREND_MAX 2048

struct stat_slope {
    double estimate;               /**< of y for one of x; NaN without two different x */
    struct stat_interval interval; /**< infinite where there are too few points */
    double intercept;              /**< median of y minus estimate times x; NaN as estimate */
    size_t pairs;                  /**< of points with different x */
};

/** The median slope of all pairs of points with different x (H. Theil 1950; P. K. Sen, JASA 63,
 *  1968). Interval: with N pairs and C = z sqrt(n (n-1) (2n+5) / 18), the sorted slopes number
 *  round((N - C) / 2) - 1 and round((N + C) / 2), counted from 0, halves to even. The order of the
 *  points does not matter. */
int stat_theil_sen(const double *x, const double *y, size_t n, double confidence,
                   struct stat_slope *slope, struct failure *failure);

struct stat_mann_kendall {
    int64_t s;          /**< rising pairs minus falling pairs */
    double z;           /**< with continuity correction and correction for ties; 0 without trend */
    double p_two_sided; /**< that there is no trend; 1 below two points and if all are equal */
    double p_rising;    /**< small: the series rises */
};

/** Mann and Kendall's test of values in the order of time (H. B. Mann, Econometrica 13, 1945), by
 *  normal approximation, which is meant for 10 values or more. */
int stat_mann_kendall(const double *values, size_t n, struct stat_mann_kendall *trend,
                      struct failure *failure);

#endif
