/* SPDX-License-Identifier: MIT
 *
 * Races: operations on one instance from several threads at once. Each pool thread owns racer
 * threads, made before the first resource sample; it runs one operation of a race itself.
 */
#ifndef WORKER_RACERS_H
#define WORKER_RACERS_H

#include "harness/worker/context.h"
#include "harness/worker/gate.h"

#include <pthread.h>

struct racers;

struct racer {
    _Alignas(64) _Atomic uint32_t orders; /**< counts the operations given to it, and the end */
    struct racers *racers;
    struct operation *operation; /**< NULL: end */
    struct lane lane;
    pthread_t thread;
};

struct racers {
    struct racer *racers;
    uint32_t count;
    uint32_t generation;
    /* The race that runs: */
    struct driver *driver;
    const struct instance *instance;
    uint32_t parties;
    struct gate gate;
    _Alignas(64) _Atomic uint32_t running; /**< racers that have not started yet, or operations of
                                              theirs that have not ended */
};

/** Makes count threads with the lanes from first_lane on. Fails with FAILURE_ENVIRONMENT; nothing
 * is then left. */
int racers_init(struct racers *racers, struct driver *driver, uint32_t first_lane, uint32_t count,
                struct failure *failure);

/** Waits until all of them have started, or what was given to them has ended. */
void racers_wait(struct racers *racers);

/** Ends and joins the threads. A zeroed struct is allowed. */
void racers_release(struct racers *racers);

/** Runs count operations at once, the first on the calling thread, and returns when all have ended.
 *  Each begins after its own jitter (PRF_JITTER) from the common start. count <= racers->count + 1.
 */
void racers_run(struct racers *racers, struct driver *driver, struct lane *lane,
                const struct instance *instance, struct operation *operations, uint32_t count);

#endif
