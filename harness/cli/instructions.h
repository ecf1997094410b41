/* SPDX-License-Identifier: MIT
 *
 * Instructions of a trial, counted by running it once more, shortened, inside callgrind.
 */
#ifndef CLI_INSTRUCTIONS_H
#define CLI_INSTRUCTIONS_H

#include "harness/cli/scene.h"

/** Why callgrind can tell nothing of that scenario; NULL if it can. */
const char *instructions_unfit(const struct scenario *scenario);

/** Runs the trial with that number in the slot, with the seed it always has and few cycles, outside
 *  of the scene's own counts. Returns instructions per cycle; NaN: the trial was not clean, so its
 *  cycles are not those of others. */
double instructions_count(struct slot *slot, const struct scene *scene, const char *valgrind,
                          uint32_t index);

#endif
