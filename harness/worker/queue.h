/* SPDX-License-Identifier: MIT
 *
 * How instances come to a pool thread, and how it sleeps and is woken.
 */
#ifndef WORKER_QUEUE_H
#define WORKER_QUEUE_H

#include "harness/worker/pool.h"

enum sleeps {
    SLEEPS_NOT = 0,
    SLEEPS,          /**< wants to know of inbox and waves */
    SLEEPS_WITH_FREE /**< of arrivals too: it has free instances */
};

/* Where instances migrate, the threads of the pool wait in lists of their own: see moves.h. */

/** Puts an instance behind all that are ready. Only the thread itself. */
void queue_ready(struct pool_thread *thread, struct instance *instance);

/** Takes the next ready instance, or NULL. Only the thread itself. */
struct instance *queue_take(struct pool_thread *thread);

/** Hands an instance to another thread. Any thread that holds the instance. */
void queue_send(struct pool_thread *to, struct instance *instance);

/** Takes all that was sent, oldest first, linked by next; NULL if nothing was. */
struct instance *queue_receive(struct pool_thread *thread);

/** Whether the thread slept, wanted to know of work only, and was not claimed yet: then the caller
 *  must give it some and rouse it. */
bool queue_claim(struct pool_thread *thread);

/** Wakes a thread that was claimed. */
void queue_rouse(struct pool_thread *thread);

/** Wakes the thread if it sleeps, after something was changed that it should see. */
void queue_wake(struct pool_thread *thread);

/** Sleeps until it is woken or a timer is due, unless there is something to do. */
void queue_sleep(struct pool_thread *thread);

#endif
