/* SPDX-License-Identifier: MIT
 *
 * Does something that is counted exactly (sockets, threads) grow with the rounds of a trial? Each
 * count was taken at a quiet point, when all instances of a round were freed.
 *
 * A pool that fills grows, too, and then stops. So growth is called one that goes on only if
 *
 *   - it came in three separate steps at least: a step is a round that reaches a new maximum;
 *   - it came also in the later half of the cycles: in three separate steps there or, with fewer
 *     samples than three, in each of them, and in two at least;
 *   - it has not stopped: no more than three times as many rounds without a step lie at the end as
 *     ever lay between two steps.
 *
 * That takes four samples. With fewer nothing can tell a pool that fills from a leak. A pool that
 * is still filling when the run ends looks like a leak with any number.
 */
#ifndef JUDGE_COUNT_GROWTH_H
#define JUDGE_COUNT_GROWTH_H

#include <stdint.h>

#define COUNT_GROWTH_LEAST 4U /**< samples */

enum count_growth {
    COUNT_STAYS = 0, /**< or it grew, and stopped */
    COUNT_UNSURE,    /**< it grew, and the samples are too few to tell whether it goes on */
    COUNT_GROWS
};

/** values[i] was counted when cycles[i] had ended; both in the order of time. Pure. */
enum count_growth count_growth_judge(const int64_t *values, const uint64_t *cycles, uint32_t count);

#endif
