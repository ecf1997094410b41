/* SPDX-License-Identifier: MIT
 *
 * HTTP/1.1 (and 1.0) on one connection: one request at a time, the next one when its response is
 * sent. A stream of the target's is here one request with its response.
 *
 * Faults that have no meaning without streams do the nearest thing: RST_STREAM resets the
 * connection; GOAWAY closes it behind the last response that is served.
 */
#ifndef TARGET_HTTP1_H
#define TARGET_HTTP1_H

#include "harness/target/protocol.h"

extern const struct protocol http1_protocol;

#endif
