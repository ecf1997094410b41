/* SPDX-License-Identifier: MIT
 *
 * From a host name to a connected socket.
 */
#ifndef H2_DIAL_H
#define H2_DIAL_H

#include "client/eighth_client.h"

/** Seam: how a connection is made. */
struct h2_dial_ops {
    /** Connects instance->link.wire.fd before the deadline, trying every address of the host in
     *  turn, and fills in resolve_ns and tcp_ns. Called with the instance's lock, which it gives up
     *  while it waits. 0, or -1 with *error and no descriptor left. */
    int (*connect)(eighth_instance *instance, uint64_t deadline,
                   struct eighth_connection *connection, struct eighth_error *error);
};

/** On the calling thread; close interrupts it wherever it waits. */
extern const struct h2_dial_ops h2_dial_direct;

#endif
