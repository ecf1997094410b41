/* SPDX-License-Identifier: MIT
 *
 * Who else was at it when a thread died: what the stacks of the others show, and no more.
 */
#ifndef JUDGE_NEIGHBOUR_H
#define JUDGE_NEIGHBOUR_H

#include "harness/judge/culprit.h"
#include "harness/watch/trial.h"

#include <stdbool.h>
#include <stdint.h>

/** Everything is borrowed from the record. */
struct neighbour {
    const struct stack *stack; /**< of that thread */
    bool aborting;             /**< it was about to abort the process as well */
    uint32_t more;             /**< others of which the same is true */
};

/** Of a death of which it is known whose it was: a thread that was aborting too; else one that ran
 *  in the same source file of the client as the one that died, and was not in a call of anything
 *  but the allocator: such files mostly keep one structure. False if there is none. */
bool neighbour_find(const struct trial_record *record, const struct culprit *culprit,
                    struct neighbour *neighbour);

/** Adds ", while thread 5 was in pool_resize (string_pool.c:89) in request of instance 4". */
void neighbour_tell(const struct trial_record *record, const struct culprit *culprit,
                    const struct neighbour *neighbour, struct buffer *text);

#endif
