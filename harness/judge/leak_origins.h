/* SPDX-License-Identifier: MIT
 *
 * Where that comes from which a client left behind: who opened descriptors, who made TLS objects,
 * what threads run.
 */
#ifndef JUDGE_LEAK_ORIGINS_H
#define JUDGE_LEAK_ORIGINS_H

#include "harness/judge/finding.h"
#include "harness/watch/trial.h"

/** Adds to the findings about sockets, other descriptors, TLS objects and threads that were left
 *  the stacks that opened or made them, of threads those in which they stood at the end, and the
 *  first of these places to their titles. */
void leak_origins_add(const struct trial_record *record, struct finding_list *findings);

#endif
