/* SPDX-License-Identifier: MIT
 *
 * HTTP/2 of one connection: nghttp2's callbacks, and the way of its frames to the transport.
 *
 * Frames are gathered in the loop's buffer and written as one TLS record; bodies are copied into it
 * directly. Only what the socket does not take is kept with the connection.
 */
#ifndef TARGET_SESSION_H
#define TARGET_SESSION_H

#include "harness/base/failure.h"
#include "harness/target/protocol.h"

#include <nghttp2/nghttp2.h>

/** Makes the callbacks and options that all sessions of a target share. Fails with
 *  FAILURE_ENVIRONMENT; both are then NULL. */
int session_prepare(nghttp2_session_callbacks **callbacks, nghttp2_option **option,
                    struct failure *failure);

/** HTTP/2. Opening queues SETTINGS. */
extern const struct protocol session_protocol;

#endif
