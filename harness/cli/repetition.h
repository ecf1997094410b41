/* SPDX-License-Identifier: MIT
 *
 * Repetitions of trials for the sake of their evidence: whole stacks of frees and allocations are
 * too slow for all trials, but not for one that is known to fail.
 */
#ifndef CLI_REPETITION_H
#define CLI_REPETITION_H

#include "harness/cli/runner.h"
#include "harness/cli/scene.h"

/** After the scene's last trial: repeats trials whose findings have stacks that were cut (see
 *  whole_stacks.h), a few times at most, with slow unwinding, and completes the findings of which
 *  the same error comes back. Nothing of a repetition counts: no trial, no cycle, no finding. Does
 *  nothing for other findings, and once the user wants to stop. */
void repetition_run(struct runner *runner, struct scene *scene);

#endif
