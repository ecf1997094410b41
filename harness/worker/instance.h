/* SPDX-License-Identifier: MIT
 *
 * The state machine of one instance: one turn is one step of its program.
 *
 * A cycle begins with its first step and ends with its last, or with the first step that did not do
 * what it should. Then, what is still open is closed abruptly and the object is freed, in the same
 * turn. A connect that failed as its step expects leaves the instance unconnected: requests and
 * pings are skipped until the next connect.
 */
#ifndef WORKER_INSTANCE_H
#define WORKER_INSTANCE_H

#include "harness/worker/context.h"
#include "harness/worker/racers.h"

enum turn {
    TURN_AGAIN = 0, /**< the next step may run at once */
    TURN_HOLD,      /**< not before instance->timer.due */
    TURN_ENDED      /**< the cycle is over, the object is freed, instance->cycle counts the next */
};

/** Carries out the next step. racers may be NULL if the scenario has no race that overlaps. */
enum turn instance_turn(struct driver *driver, struct lane *lane, struct racers *racers,
                        struct instance *instance);

/** The pool thread, below threads, that the seed proposes for the next step when instances migrate.
 *  Another one runs it if that one is busy: moves.h. */
uint32_t instance_migrate(const struct driver *driver, const struct instance *instance,
                          uint32_t threads);

#endif
