/* SPDX-License-Identifier: MIT
 *
 * Keeps SIGPIPE away while a library writes to sockets with write(2): the client contract forbids
 * to change dispositions, so the calling thread blocks the signal and takes what came.
 */
#ifndef ADAPTERS_SIGPIPE_H
#define ADAPTERS_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
    sigset_t mask; /**< of the thread, before */
    bool pending;  /**< it was pending already: not ours to take */
};

/** Blocks SIGPIPE for the calling thread. */
void sigpipe_hold(struct sigpipe *hold);

/** Takes a SIGPIPE that came meanwhile, and restores the thread's mask. Keeps errno. */
void sigpipe_let_go(const struct sigpipe *hold);

#endif
