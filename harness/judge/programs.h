/* SPDX-License-Identifier: MIT
 *
 * Judges the ends of an external program's processes: each is looked at as the end of a worker is,
 * with the evidence that can be had from outside.
 */
#ifndef JUDGE_PROGRAMS_H
#define JUDGE_PROGRAMS_H

#include "harness/base/buffer.h"
#include "harness/judge/observations.h"
#include "harness/watch/trial.h"

/** Adds findings for all ends in the trial's program log to observations->findings; failures that a
 *  fault of the target explains are counted as such instead. notes gets a line for each thing that
 *  could not be checked. Only when the trial is over and the target is quiet. */
void programs_judge(const struct trial_record *record, struct observations *observations,
                    struct buffer *notes);

#endif
