/* SPDX-License-Identifier: MIT
 *
 * Many tests at once: p-values adjusted so that the whole family keeps its level.
 *
 * Safe in any thread; adjusted may be the same array as p. Return -1 and leave adjusted untouched
 * when they fail: FAILURE_INTERNAL for a p outside [0, 1] or NaN, FAILURE_ENVIRONMENT for no
 * memory. n = 0 is fine.
 */
#ifndef JUDGE_STAT_MULTIPLE_H
#define JUDGE_STAT_MULTIPLE_H

#include "harness/base/failure.h"

#include <stddef.h>

/** Holm's step-down (Scandinavian Journal of Statistics 6, 1979): rejecting where adjusted <= level
 *  makes one false rejection or more with at most that probability. */
int stat_holm(const double *p, size_t n, double *adjusted, struct failure *failure);

/** Benjamini and Hochberg's step-up (JRSS B 57, 1995): rejecting where adjusted <= level makes the
 *  expected share of false ones among the rejections at most that, for independent tests. */
int stat_benjamini_hochberg(const double *p, size_t n, double *adjusted, struct failure *failure);

#endif
