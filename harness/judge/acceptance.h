/* SPDX-License-Identifier: MIT
 *
 * Connections that a good client does not accept: with a bad certificate, without the protocol,
 * with half a response. What the client made of them is known from its opens and from the ledger's
 * responses.
 */
#ifndef JUDGE_ACCEPTANCE_H
#define JUDGE_ACCEPTANCE_H

#include "harness/judge/observations.h"

/** Takes an open that succeeded. final: as for observations_take. */
enum judgement acceptance_take(struct observations *observations,
                               const struct observation *observation, bool final);

/** Looks through the trial's connections, after observations_take with final true, target quiet.
 *  Returns how many of those that may have carried a fault are gone from the ledger's ring,
 *  unchecked. */
uint64_t acceptance_check(struct observations *observations, uint64_t last_ordinal);

#endif
