/* SPDX-License-Identifier: MIT
 *
 * One thread of the target: an epoll loop that accepts connections and owns them until they end.
 * Nothing of a loop is touched by another thread but what is marked so.
 */
#ifndef TARGET_LOOP_H
#define TARGET_LOOP_H

#include "harness/base/ledger.h"
#include "harness/target/timer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct stream;
struct target;

/** The plaintext of one TLS record: what is sent at once. */
#define LOOP_OUT ((size_t)16384)
#define LOOP_IN ((size_t)16384)

struct loop {
    struct target *target;
    unsigned index;
    pthread_t thread;
    int epoll;
    int wake;         /**< eventfd; any thread may write to it */
    bool listening;   /**< the listeners are in epoll */
    uint64_t drained; /**< the newest order to drain that was obeyed */
    struct timers timers;
    struct timer accept_pause;
    struct connection *connections; /**< all that live */
    struct stream *spare;           /**< streams for reuse */
    struct ledger_counters *counters;
    size_t out_length;
    uint8_t in[LOOP_IN];
    uint8_t out[LOOP_OUT];
};

/** Makes the loop's descriptors and starts its thread. Fails with FAILURE_ENVIRONMENT; nothing is
 *  left then. */
int loop_start(struct loop *loop, struct target *target, unsigned index, struct failure *failure);

/** Makes the loop look at target->stopping and target->drain_order. Any thread. */
void loop_wake(struct loop *loop);

/** Waits for the thread, which must have been told to stop, and frees what the loop holds. */
void loop_join(struct loop *loop);

/** The loop's thread: waits for the socket to become readable or writable. */
int loop_watch(struct loop *loop, struct connection *connection, int fd);
void loop_watch_writable(struct loop *loop, struct connection *connection, int fd, bool writable);

#endif
