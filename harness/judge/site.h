/* SPDX-License-Identifier: MIT
 *
 * Where a stack is, in the words of somebody who maintains the client: the function of the client
 * and the call into a library that it made.
 */
#ifndef JUDGE_SITE_H
#define JUDGE_SITE_H

#include "harness/base/buffer.h"
#include "harness/base/flight.h"
#include "harness/judge/signature_key.h"
#include "harness/watch/stack.h"

#include <stdbool.h>

struct site {
    char call[SIGNATURE_NAME]; /**< "SSL_read": what the client called; "libssl.so.3" where only the
                                  module is known; "" it called nothing; without a client's
                                  function the innermost, but the allocator's */
    char client[SIGNATURE_NAME];     /**< "h2_loop_read": its own innermost function; "" none */
    char caller[SIGNATURE_NAME];     /**< who called client, where that called the allocator and may
                                        be what all objects pass through; "" none, or not so */
    const struct stack_frame *frame; /**< of that function, within the stack; NULL none */
};

/** Finds it. module: file name of the client's library; "" unknown. */
void site_find(const struct stack *stack, const char *module, struct site *site);

/** Adds "SSL_read (client frame h2_loop_read)", "free (client frame h2_release, called by
 * h2_close)", "h2_loop_read", or "an unknown place". */
void site_tell(const struct site *site, struct buffer *text);

/** Adds " (lru.c:73)", the line of the client's function, where that itself was running and its
 *  source is known: what called something else is one of the callers to look at. */
void site_tell_line(const struct site *site, struct buffer *text);

/** True if the frame is the client's own: its module's file name is module. */
bool site_is_client(const struct stack_frame *frame, const char *module);

/** The operation that the driver had begun in this stack, by the driver's own functions; NONE for a
 *  thread of the client's, or one between operations. */
enum flight_operation site_operation(const struct stack *stack);

#endif
