/* SPDX-License-Identifier: MIT
 *
 * Tests that may be looked at after each crash: two builds run with equal exposure, and each crash
 * belongs to A or to B. Without a difference each is B's with probability 1/2.
 *
 * Pure functions, safe in any thread.
 */
#ifndef JUDGE_STAT_SEQUENTIAL_H
#define JUDGE_STAT_SEQUENTIAL_H

#include <stdint.h>

enum stat_sprt_outcome {
    STAT_SPRT_CONTINUE = 0, /**< go on; at the end of the budget: inconclusive */
    STAT_SPRT_WORSE,        /**< B crashes more */
    STAT_SPRT_NOT_WORSE     /**< B does not crash `ratio` times as often as A */
};

/** Wald's sequential probability ratio test (A. Wald, Annals of Mathematical Statistics 16, 1945)
 *  of "B's rate is `ratio` times A's" against "the rates are equal". */
struct stat_sprt {
    double b_step; /**< what a crash of B adds to the log likelihood ratio; > 0 */
    double a_step; /**< what a crash of A adds; < 0 */
    double upper;  /**< at or above: STAT_SPRT_WORSE */
    double lower;  /**< at or below: STAT_SPRT_NOT_WORSE */
};

/** ratio > 1 and finite; alpha, beta in (0, 1) with alpha + beta < 1: the probabilities of a false
 *  WORSE and of a false NOT_WORSE, kept about. Else all fields are NaN, and the judge says
 *  CONTINUE for ever. */
struct stat_sprt stat_sprt_plan(double ratio, double alpha, double beta);

/** The outcome after so many crashes. It must be asked after each crash, and the first outcome
 *  that is not CONTINUE stands. */
enum stat_sprt_outcome stat_sprt_judge(const struct stat_sprt *plan, uint64_t a_crashes,
                                       uint64_t b_crashes);

/** The e-value against "B's share is at most 1/2", with a uniform prior on shares above 1/2. It may
 *  be looked at at any time: P(ever >= 1/alpha) <= alpha, so 20 rejects at 0.05 (J. Ville 1939;
 *  V. Vovk and R. Wang, Annals of Statistics 49, 2021). 1 without crashes; infinity where it
 *  exceeds about 1e300; NaN for counts above 2^40. */
double stat_e_value(uint64_t a_crashes, uint64_t b_crashes);

#endif
