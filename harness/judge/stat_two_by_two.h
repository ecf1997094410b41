/* SPDX-License-Identifier: MIT
 *
 * Two builds, hits and misses: is B's rate higher than A's, and by how much?
 *
 * A small p-value of the one-sided tests speaks for "B's rate is higher". For the other direction
 * swap A and B. Pure functions, safe in any thread. For all of them: hits > trials, or trials above
 * STAT_TABLE_MAX on a side, give NaN; no trials on a side, or no hits at all, give p = 1.
 */
#ifndef JUDGE_STAT_TWO_BY_TWO_H
#define JUDGE_STAT_TWO_BY_TWO_H

#include "harness/judge/stat_special.h"

#include <stdint.h>

#define STAT_TABLE_MAX UINT64_C(10000000)

/** Most trials on a side for stat_boschloo. */
#define STAT_BOSCHLOO_MAX UINT64_C(2000)

struct stat_two_by_two {
    uint64_t a_hits, a_trials;
    uint64_t b_hits, b_trials;
};

/** Fisher's exact test, one-sided: the probability, given all hits, that A has as few of them. */
double stat_fisher(struct stat_two_by_two table);

/** Fisher's exact test, two-sided: all tables that are not likelier than this one (to a relative
 *  1e-7, so that equal tables count as equal). */
double stat_fisher_two_sided(struct stat_two_by_two table);

/** Boschloo's exact test, one-sided (R. D. Boschloo, Statistica Neerlandica 24, 1970): Fisher's p
 *  is the statistic, and the rate that both sides share under the hypothesis is the one that makes
 *  it look best (1000 points, even on the arcsine scale, and a search around the best of them).
 *  Never larger than stat_fisher. Work: 1000 * (a_trials + b_trials). NaN also if a side has more
 *  than STAT_BOSCHLOO_MAX trials (use stat_fisher) or no memory is left. */
double stat_boschloo(struct stat_two_by_two table);

/** first[i] for i = 0 .. a_trials: the fewest hits of B that, against i hits of A, give
 *  stat_fisher <= level; b_trials + 1 if none do. It never falls as i grows. */
void stat_fisher_region(uint64_t a_trials, uint64_t b_trials, double level, uint64_t *first);

/** McNemar's exact test on pairs of equal seed: a_only pairs hit A alone, b_only B alone; pairs
 *  with equal outcome say nothing. No such pairs: 1. Sum above STAT_COUNT_MAX: NaN. */
double stat_mcnemar(uint64_t a_only, uint64_t b_only);
double stat_mcnemar_two_sided(uint64_t a_only, uint64_t b_only);

/** Interval for B's rate minus A's: Newcombe's hybrid of two Wilson intervals (R. G. Newcombe,
 *  Statistics in Medicine 17, 1998, method 10). [-1, 1] without trials on both sides; hits above
 *  trials or a confidence outside (0, 1): both bounds NaN. */
struct stat_interval stat_newcombe(struct stat_two_by_two table, double confidence);

#endif
