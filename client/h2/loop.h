/* SPDX-License-Identifier: MIT
 *
 * Waiting and I/O, without threads of its own.
 *
 * Of the threads that wait on an instance one is the leader: it polls the socket without the lock,
 * and reads and dispatches with it, for itself and for all others, who sleep on conditions of their
 * own. When the leader has what it waited for it wakes one of them to lead. Everybody sends what
 * it has to send by itself; when the socket takes no more, the leader polls for that too, or, if it
 * is in poll(2) already, one of the others does.
 */
#ifndef H2_LOOP_H
#define H2_LOOP_H

#include "client/h2/instance.h"

/** One thread that waits. Lives on that thread's stack; guarded by the instance's lock. */
struct h2_waiter {
    struct h2_waiter *next;
    struct h2_waiter *previous;
    pthread_cond_t wake;
    bool done;
    struct eighth_error error; /**< error_class EIGHTH_OK: success */
};

/** All functions: called with the lock. */

/** Between these two the waiter is known to the instance. */
void h2_waiter_enter(eighth_instance *instance, struct h2_waiter *waiter);
void h2_waiter_leave(eighth_instance *instance, struct h2_waiter *waiter);

/** Ends the waiting; error NULL: with success. Only the first call counts. */
void h2_waiter_finish(struct h2_waiter *waiter, const struct eighth_error *error);

/** Waits until the waiter is done; gives up the lock meanwhile. false: the deadline came first. */
bool h2_loop_wait(eighth_instance *instance, struct h2_waiter *waiter, uint64_t deadline);

/** Sends what there is to send, as far as the socket takes it. If the connection fails, it is dead
 *  afterwards, and all who wait are finished. */
void h2_loop_flush(eighth_instance *instance);

/** Writes what stands in the output buffer already, and no more: H2_IO_DONE when it is empty. If
 * the connection fails, it is dead afterwards. */
enum h2_io h2_loop_put(eighth_instance *instance);

/** Takes and dispatches what has arrived, without waiting. waiter (may be NULL): stop when it is
 *  done. */
void h2_loop_receive(eighth_instance *instance, const struct h2_waiter *waiter, uint64_t deadline);

/** The same, then flushes. */
void h2_loop_read(eighth_instance *instance, const struct h2_waiter *waiter, uint64_t deadline);

/** Sees to it that somebody leads, and that blocked output is watched, while there are waiters. */
void h2_loop_hand_over(eighth_instance *instance);

/** Ends the connection for all who use it; the descriptor stays. Only the first call counts. */
void h2_loop_die(eighth_instance *instance, const struct eighth_error *error);

/** Finishes all who wait with EIGHTH_CANCELLED. */
void h2_loop_cancel(eighth_instance *instance);

/** Gives back buffers; the loop is empty afterwards. No one waits. */
void h2_loop_clear(eighth_instance *instance);

#endif
