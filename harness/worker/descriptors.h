/* SPDX-License-Identifier: MIT
 *
 * The client's own calls that open, use and close descriptors, seen from inside the process:
 * symbols of the main program come first in the dynamic linker's search, so the worker's connect(),
 * close(), ... are the ones that a client library calls: all that stand in base/interposed.h. Each
 * passes its call on to the next definition, libc's or the one by which a sanitizer watches.
 *
 * Of connect(2) the local port is noted: it is the key into the target's ledger. All others serve
 * to find misuses (descriptor_table.h), and only when there is a log for them.
 *
 * The calls are async-signal-safe and leave errno as the function they pass on to does.
 */
#ifndef WORKER_DESCRIPTORS_H
#define WORKER_DESCRIPTORS_H

#include "harness/base/descriptor_log.h"

/** The last connect(2) over IPv4 or IPv6 within an operation. */
struct connect_trace {
    uint64_t begun;      /**< ns; 0: none seen */
    uint16_t local_port; /**< host order; 0: unknown */
    uint16_t peer_port;
};

/** For whom a thread works during an operation. */
struct descriptor_actor {
    uint32_t instance; /**< DESCRIPTOR_NOBODY in init and cleanup */
    uint32_t cycle;
    uint32_t connection;           /**< ordinal; 0: none yet */
    uint16_t operation;            /**< enum flight_operation, not 0 */
    uint16_t step;                 /**< index */
    struct connect_trace *connect; /**< takes the thread's connects; NULL: they are not wanted */
};

/** Watches for misuses from now on and writes them into the log, which must stay valid for the life
 *  of the process. instances: how many there can be at once. Before the client is loaded, on the
 *  main thread, once. Fails with FAILURE_ENVIRONMENT. */
int descriptors_watch(struct descriptor_log *log, uint32_t instances, struct failure *failure);

/** Every call is passed straight on, and nothing is noted, not even connects: for a client that
 * must not be interposed. Instead of descriptors_watch. */
void descriptors_ignore(void);

/** Between these two the calling thread is in an operation. Elsewhere, as on threads of the
 * client's own, calls are passed on, and only who opened and closed what is noted. */
void descriptors_enter(const struct descriptor_actor *actor);
void descriptors_leave(void);

/** A connection of this cycle is the instance's own: from the begin of its open to the begin of its
 *  close or free, or to the end of an open that failed. */
void descriptors_hold(uint32_t instance, uint32_t cycle);
void descriptors_let_go(uint32_t instance, uint32_t cycle);

/** Notes in the log who opened fd, which is left open at the end. */
void descriptors_surplus(int fd);

#endif
