/* SPDX-License-Identifier: MIT
 *
 * Does a worker's heap grow with the cycles it runs? Judged on the bytes in use at the quiet points
 * at the end of rounds, when all instances are freed.
 *
 *   - The first 20 % of the cycles are warm-up: start-up memory, pools, per-thread arenas.
 *   - Of the rest at least 20 samples are needed.
 *   - It grows if the lower bound (95 %) of the Theil-Sen slope is above 16 bytes per cycle and
 *     Mann and Kendall's test says "rises" with p < 0.01. One step, however high, is no slope.
 *   - It grows by more than 8 KiB for each thread of the worker: malloc's caches of freed blocks,
 *     one for each thread, count as in use. The worker fills them before it begins, which leaves
 *     some 3 KiB for each (measured with 2 to 16 threads) to come and go.
 *   - Growth that levels off is a cache that fills, no leak. It levels off
 *       - if in the last half, third or quarter the upper bound of the slope is below half of the
 *         whole slope; or
 *       - if the last new maximum lies 8 samples or more back, and three times as far as ever
 *         before.
 *     A cache that is still filling when the run ends looks like a leak: nothing but more cycles
 *     can tell them apart.
 *
 * 16 bytes per cycle is no fine limit: the least that malloc of 64-bit glibc hands out costs 32.
 */
#ifndef JUDGE_SLOPE_H
#define JUDGE_SLOPE_H

#include "harness/base/logbook.h"
#include "harness/judge/stat_special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOPE_LIMIT 16.0   /**< bytes per cycle */
#define SLOPE_P 0.01       /**< of "rises" by chance */
#define SLOPE_WARM_UP 0.2  /**< of the cycles */
#define SLOPE_CACHE 8192.0 /**< bytes for each thread */
#define SLOPE_LEAST 20U    /**< samples after the warm-up */
#define SLOPE_ROUNDS 24U   /**< samples of rounds of equal length that leave so many */
#define SLOPE_MOST 256U    /**< of a longer series every k-th is taken */

struct slope {
    bool told;       /**< the worker's malloc tells how much is in use */
    bool judged;     /**< there were figures and samples enough: the fields below are valid */
    uint32_t points; /**< samples used */
    double bytes_per_cycle;
    struct stat_interval interval; /**< 95 % */
    double p_rising;
    bool levels_off;
    bool leaks; /**< it grows and does not level off */
};

/** Judges a series in the order of time. Pure but for memory; without it nothing is judged. */
void slope_judge(const struct resource_sample *samples, uint32_t count, struct slope *slope);

#endif
