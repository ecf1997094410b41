/* SPDX-License-Identifier: MIT
 *
 * How a connection ends.
 */
#ifndef H2_CLOSING_H
#define H2_CLOSING_H

#include "client/eighth_client.h"

/** Seam: the order in which the layers of a connection go. All are called with the instance's lock,
 *  in a state in which no operation begins any more. */
struct h2_closing_ops {
    /** Says goodbye to the peer of a connection that is not dead; other threads may still be inside
     *  the instance, in poll(2) or waiting for the lock. May give up the lock while the socket
     * takes no more, until the deadline. 0, or -1 with *error. */
    int (*goodbye)(eighth_instance *instance, uint64_t deadline, struct eighth_error *error);
    /** No thread is inside any more: frees HTTP/2, TLS and the socket. orderly: what was said is
     *  to reach the peer. Allowed for what was never connected, and twice. */
    void (*finish)(eighth_instance *instance, int orderly);
    /** free without close: as finish, nothing is said. */
    void (*drop)(eighth_instance *instance);
};

/** HTTP/2 first (GOAWAY), then TLS (close_notify, also as the answer to the peer's), then TCP. */
extern const struct h2_closing_ops h2_closing_orderly;

/** The contract's close. */
int h2_close(eighth_instance *instance, int mode, uint64_t timeout_ns, struct eighth_error *error);

#endif
