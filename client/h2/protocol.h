/* SPDX-License-Identifier: MIT
 *
 * HTTP/2: the nghttp2 session of a connection and what its callbacks do. All functions are called
 * with the instance's lock, and the callbacks run inside them.
 */
#ifndef H2_PROTOCOL_H
#define H2_PROTOCOL_H

#include "client/h2/instance.h"
#include "client/h2/loop.h"

/** One ping on its way. On the stack of the thread that waits. */
struct h2_ping {
    struct h2_ping *next;
    uint64_t number;
    struct h2_waiter *waiter;
};

/** What all sessions share. NULL: no memory left. */
nghttp2_session_callbacks *h2_protocol_callbacks(void);
nghttp2_option *h2_protocol_options(void);

/** Makes the session, with preface and SETTINGS waiting to be sent. 0, or -1 with *error. */
int h2_protocol_start(eighth_instance *instance, struct eighth_error *error);

/** Frees the session and all streams. Nobody waits for one any more. Allowed without a session. */
void h2_protocol_release(eighth_instance *instance);

/** The next bytes to send, valid until the next call; 0: none; -1: the connection is dead now. */
ssize_t h2_protocol_next_output(eighth_instance *instance, const uint8_t **bytes);

/** Takes received bytes. -1: the connection is dead now. */
int h2_protocol_input(eighth_instance *instance, const uint8_t *bytes, size_t length);

/** After all output is sent: declares the connection dead if HTTP/2 has ended it. */
void h2_protocol_check(eighth_instance *instance);

/** Finishes every request and ping with the error, in the phase that fits each. */
void h2_protocol_fail_all(eighth_instance *instance, const struct eighth_error *error);

/** The contract's ping. Takes the lock itself. */
int h2_ping(eighth_instance *instance, uint64_t timeout_ns, struct eighth_error *error);

#endif
