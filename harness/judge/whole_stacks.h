/* SPDX-License-Identifier: MIT
 *
 * Stacks of frees and allocations that ASan could not walk to their end: completed from a
 * repetition of the trial in which it walked them slowly, where the same error came back.
 */
#ifndef JUDGE_WHOLE_STACKS_H
#define JUDGE_WHOLE_STACKS_H

#include "harness/judge/finding.h"

#include <stdbool.h>

/** True if the stack ends before anything that begins a thread or an operation: whoever walked it
 *  lost its way, mostly in a library without frame pointers. */
bool whole_stacks_is_cut(const struct stack *stack);

/** True if the finding is an error of ASan's with a free or an allocation whose stack is cut. */
bool whole_stacks_wanted(const struct finding *finding);

/** Takes the stacks of the free and of the allocation over from a finding of a repetition, where it
 *  is the same error, accessed in the same place, and its stacks go on where the finding's own end.
 *  Title, stacks and note say where they are from; the report as it was written, the signature and
 *  all counts stay. True if it did. */
bool whole_stacks_take(struct finding *finding, const struct finding *repeated);

#endif
