/* SPDX-License-Identifier: MIT
 *
 * Signals of the controller as a descriptor: the end of children and the user's wish to stop. They
 * are blocked, so nothing is interrupted and no handler runs; children get the old mask back.
 */
#ifndef WATCH_SIGNALS_H
#define WATCH_SIGNALS_H

#include "harness/base/failure.h"

#include <signal.h>
#include <stdbool.h>

struct signals {
    int fd;            /**< readable when a signal is pending; -1: not open */
    sigset_t old_mask; /**< what children must get */
    int stop;          /**< SIGINT, SIGTERM or SIGHUP once the user wants to stop; else 0 */
    pid_t sender;      /**< of stop; 0: the kernel, or unknown here */
};

/** Blocks SIGCHLD, SIGINT, SIGTERM, SIGHUP and makes the descriptor. SIGPIPE is ignored from then
 *  on in this process. Fails with FAILURE_ENVIRONMENT. Call on the only thread. */
int signals_open(struct signals *signals, struct failure *failure);

/** Takes all that is pending. True if the user wants to stop, now or before. */
bool signals_take(struct signals *signals);

/** Closes the descriptor when the process is about to end. The signals stay blocked: one that came
 *  late must not change how it ends. */
void signals_close(struct signals *signals);

#endif
