/* SPDX-License-Identifier: MIT
 *
 * What a client did wrong with its descriptors.
 */
#ifndef JUDGE_MISUSE_H
#define JUDGE_MISUSE_H

#include "harness/judge/finding.h"
#include "harness/watch/trial.h"

/** Adds a finding for each misuse that the worker saw. */
void misuse_judge(const struct trial_record *record, struct finding_list *findings);

#endif
