/* SPDX-License-Identifier: MIT
 *
 * What a worker's end means, by its wait status *and* by what it had reached.
 */
#ifndef JUDGE_DEATH_H
#define JUDGE_DEATH_H

#include "harness/judge/finding.h"
#include "harness/watch/trial.h"

/** The finding that the end of the worker is (crash or hang), with what each thread was doing and
 *  the end of its standard error; NULL if it ended well, was stopped for a reason that is not its
 *  own, or never started. deadline_ns, memory_bytes: what was allowed, for the title. */
struct finding *death_judge(const struct trial_record *record, uint64_t deadline_ns,
                            uint64_t memory_bytes);

#endif
