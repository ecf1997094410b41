/* SPDX-License-Identifier: MIT
 *
 * Blocks SIGPIPE and takes it back.
 */
#include "client/adapters/base/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static void only_sigpipe(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGPIPE);
}

void sigpipe_hold(struct sigpipe *hold)
{
    sigset_t only;
    sigset_t waiting;
    only_sigpipe(&only);
    (void)sigpending(&waiting);
    hold->pending = sigismember(&waiting, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &only, &hold->mask);
}

void sigpipe_let_go(const struct sigpipe *hold)
{
    int number = errno;
    sigset_t only;
    const struct timespec at_once = {0, 0};
    only_sigpipe(&only);
    while (!hold->pending && sigtimedwait(&only, NULL, &at_once) < 0 && errno == EINTR) {
    }
    (void)pthread_sigmask(SIG_SETMASK, &hold->mask, NULL);
    errno = number;
}
