/* SPDX-License-Identifier: MIT
 *
 * Private to the rank tests: ranks with ties, and p-values from a distribution of rank sums.
 *
 * Ranks are doubled, so that the mean rank of a tie is whole.
 */
#ifndef JUDGE_STAT_RANKING_H
#define JUDGE_STAT_RANKING_H

#include "harness/judge/stat_rank.h"

#include <stddef.h>
#include <stdint.h>

struct ranking {
    uint64_t *doubled; /**< of each value, in the order given; owned; release frees it */
    double ties;       /**< sum of t^3 - t over the groups of t equal values */
};

/** Ranks n values, none NaN. -1: no memory. */
int ranking_init(struct ranking *ranking, const double *values, size_t n, struct failure *failure);
void ranking_release(struct ranking *ranking);

/** Fills the p-values from the probability, or a multiple of it, of each sum 0 .. largest. */
void ranking_exact_p(struct stat_rank_test *test, const double *weights, uint64_t largest,
                     uint64_t sum);

/** Fills the p-values by the normal approximation with continuity correction of half a rank. */
void ranking_approximate_p(struct stat_rank_test *test, double mean, double variance);

#endif
