/* SPDX-License-Identifier: MIT
 *
 * signalfd(2) over four signals.
 */
#include "harness/watch/signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(struct signals *signals, struct failure *failure)
{
    signals->fd = -1;
    signals->stop = 0;
    signals->sender = 0;
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, &signals->old_mask) != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot block signals");
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0) {
        int error = errno;
        (void)sigprocmask(SIG_SETMASK, &signals->old_mask, NULL);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error, "cannot make a signalfd");
    }
    return 0;
}

bool signals_take(struct signals *signals)
{
    struct signalfd_siginfo info;
    while (read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            signals->stop = (int)info.ssi_signo;
            signals->sender = (pid_t)info.ssi_pid;
        }
    }
    return signals->stop != 0;
}

void signals_close(struct signals *signals)
{
    if (signals->fd >= 0) {
        (void)close(signals->fd);
        signals->fd = -1;
    }
}
