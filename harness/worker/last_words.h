/* SPDX-License-Identifier: MIT
 *
 * The worker's own account of its death, for machines where it may not be traced. Where it is
 * traced this must not be installed: the tracer sees more.
 */
#ifndef WORKER_LAST_WORDS_H
#define WORKER_LAST_WORDS_H

#include "harness/base/failure.h"
#include "harness/base/last_words.h"

/** Installs handlers for SEGV, BUS, ILL, FPE, ABRT, SYS and TRAP, which fill *record (zeroed, valid
 *  for the life of the process) and then let the process die of the same signal. The calling thread
 *  gets an alternate stack as by last_words_thread_begin. A client that installs handlers of its
 *  own replaces these. Once, before the client is loaded. Fails with FAILURE_ENVIRONMENT. */
int last_words_install(struct last_words *record, struct failure *failure);

/** Gives the calling thread an alternate stack, so that the overflow of its own can be told too.
 *  Threads without one are told all other deaths. Without memory nothing happens. */
void last_words_thread_begin(void);

/** Takes it away again. To be called on the same thread before it ends. */
void last_words_thread_end(void);

#endif
