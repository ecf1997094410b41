/* SPDX-License-Identifier: MIT
 *
 * Do the descriptors or threads of a process grow with its connections? What a foreign process
 * should hold in the end cannot be known, and it is looked at while it works; so only growth that
 * goes on and on is called a leak:
 *
 *   - the first fifth of the connections is warm-up; of the rest at least 10 samples and 20
 *     connections are needed;
 *   - the lower bound (95 %) of the Theil-Sen slope, over all these connections, must come to 4
 *     pieces at least, and Mann and Kendall's test must say "rises" with p < 0.01;
 *   - the last quarter of the samples must still reach higher than the quarter before.
 */
#ifndef JUDGE_PROGRAM_GROWTH_H
#define JUDGE_PROGRAM_GROWTH_H

#include "harness/judge/stat_special.h"
#include "harness/watch/program_log.h"

#include <stdbool.h>
#include <stdint.h>

struct program_growth {
    bool grows;
    double each; /**< pieces for each connection */
    struct stat_interval interval;
    uint32_t first;             /**< at the first sample behind the warm-up */
    uint32_t first_connections; /**< then */
    uint32_t last;
    uint32_t last_connections;
    uint32_t samples;
};

/** threads: of threads, else of descriptors. */
void program_growth_judge(const struct program_sample *samples, uint32_t count, bool threads,
                          struct program_growth *growth);

#endif
