/* SPDX-License-Identifier: MIT
 *
 * Where migrating instances wait for their next turn.
 *
 * The seed proposes a thread for each turn. An instance waits in that thread's list, unless the
 * thread is in the middle of a turn and another one sleeps: then in the sleeper's. What waits
 * behind a turn is taken by any thread that has nothing of its own: no instance waits for a turn
 * while a thread sleeps. A thread that is awake between two turns keeps what it has: else each step
 * would be taken back by the thread that ran the one before.
 *
 * The lists have locks, held only to link and unlink. Whoever makes an instance wait, or begins a
 * turn, looks afterwards for sleepers; whoever goes to sleep looks afterwards for instances; all in
 * sequentially consistent order: one of the two sees the other.
 */
#ifndef WORKER_MOVES_H
#define WORKER_MOVES_H

#include "harness/worker/pool.h"

/** Makes an instance wait for its next turn. Any thread that holds the instance. */
void moves_give(struct pool *pool, uint32_t proposed, struct instance *instance);

/** Takes an instance, whose turn then begins, or NULL: the thread's own first. Only the thread
 *  itself. */
struct instance *moves_take(struct pool_thread *thread);

/** Says that the turn is over. Only the thread itself. */
void moves_turn_over(struct pool_thread *thread);

/** Whether there is something that this thread could take. */
bool moves_waiting(const struct pool_thread *thread);

#endif
