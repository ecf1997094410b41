/* SPDX-License-Identifier: MIT
 *
 * What a client did wrong with its descriptors, and who opened what it left open.
 */
#ifndef JUDGE_MISUSE_H
#define JUDGE_MISUSE_H

#include "harness/judge/finding.h"
#include "harness/watch/trial.h"

/** Adds a finding for each misuse that the worker saw. */
void misuse_judge(const struct trial_record *record, struct finding_list *findings);

/** Adds to the findings about descriptors and sockets that were left open the stacks that opened
 *  them, and the first of these places to their titles. */
void misuse_add_openers(const struct trial_record *record, struct finding_list *findings);

#endif
