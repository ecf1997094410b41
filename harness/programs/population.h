/* SPDX-License-Identifier: MIT
 *
 * Whose turn it is: the clients of the scenario, their cycles and steps, and when the next of them
 * is to run a process.
 *
 * A client is a state machine over the steps; between two `run` it may have to wait for a `hold`,
 * for the others (load.start together), for its time (staggered) or for the rate.
 */
#ifndef PROGRAMS_POPULATION_H
#define PROGRAMS_POPULATION_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POPULATION_NEVER UINT64_MAX

struct population;

/** A process that is to be run now. */
struct turn {
    uint32_t instance;
    uint64_t cycle;
    const struct step *step;
    bool begins;       /**< the first process of its cycle */
    uint64_t intended; /**< ns: when its cycle was to begin */
};

/** Makes it, with now as the beginning of all times. The scenario must outlive it; its client is an
 *  external program. Fails with FAILURE_ENVIRONMENT: no memory. */
struct population *population_make(const struct scenario *scenario, uint64_t seed, uint64_t now,
                                   struct failure *failure);

/** NULL is allowed. */
void population_free(struct population *population);

/** Takes the next client whose turn it is; false if there is none now. */
bool population_next(struct population *population, uint64_t now, struct turn *turn);

/** When population_next is worth asking again, if no process ends before; POPULATION_NEVER. */
uint64_t population_due(const struct population *population);

/** The process of a turn has ended. well: the cycle goes on with its next step. True if that ends
 *  the cycle. */
bool population_ended(struct population *population, const struct turn *turn, bool well,
                      uint64_t now);

/** No more turns. */
void population_stop(struct population *population);

/** True when there will be no more turns, and all that were taken have ended. */
bool population_done(const struct population *population);

#endif
