/* SPDX-License-Identifier: MIT
 *
 * Applies the rules of count_growth.h.
 */
#include "harness/judge/count_growth.h"

#include <stdbool.h>

#define STEPS 3U       /* in all */
#define LATER_STEPS 3U /* in the later half */
#define LATER_LEAST 2U
#define STOP_FACTOR 3U /* the rounds since the last step against the longest wait before */

struct steps {
    uint32_t all;
    uint32_t later;         /* in the later half */
    uint32_t later_samples; /* that could have been steps there */
    uint32_t last;          /* index of the last one; 0: none */
    uint32_t longest;       /* wait for one, in samples */
};

static struct steps find_steps(const int64_t *values, const uint64_t *cycles, uint32_t count)
{
    struct steps steps = {0};
    int64_t most = values[0];
    uint64_t half = cycles[count - 1] / 2;
    for (uint32_t i = 1; i < count; i++) {
        bool later = cycles[i] > half;
        steps.later_samples += later;
        if (values[i] > most) {
            most = values[i];
            steps.all++;
            steps.later += later;
            steps.longest = i - steps.last > steps.longest ? i - steps.last : steps.longest;
            steps.last = i;
        }
    }
    return steps;
}

enum count_growth count_growth_judge(const int64_t *values, const uint64_t *cycles, uint32_t count)
{
    if (count == 0 || values[count - 1] <= values[0]) {
        return COUNT_STAYS;
    }
    if (count < COUNT_GROWTH_LEAST) {
        return COUNT_UNSURE;
    }
    struct steps steps = find_steps(values, cycles, count);
    uint32_t needed = steps.later_samples < LATER_STEPS ? steps.later_samples : LATER_STEPS;
    needed = needed < LATER_LEAST ? LATER_LEAST : needed;
    bool goes_on = count - 1 - steps.last <= STOP_FACTOR * steps.longest;
    return steps.all >= STEPS && steps.later >= needed && goes_on ? COUNT_GROWS : COUNT_STAYS;
}
