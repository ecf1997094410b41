/* SPDX-License-Identifier: MIT
 *
 * One order after another from the controller.
 */
#include "harness/target/service.h"

#include "harness/base/control.h"
#include "harness/base/ledger.h"
#include "harness/scenario/lanes.h"
#include "harness/scenario/plan.h"
#include "harness/target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ctrl-C on the terminal is the controller's to obey: the target ends when the channel closes. */
static int open_signals(struct failure *failure)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)sigdelset(&signals, SIGINT);
    (void)sigdelset(&signals, SIGHUP);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC);
    return fd >= 0 ? fd
                   : failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                                   "cannot take the target's signals");
}

static int tell(int control, const struct control_message *message, struct failure *failure)
{
    if (send(control, message, sizeof *message, MSG_NOSIGNAL) == (ssize_t)sizeof *message) {
        return 0;
    }
    return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot answer the controller");
}

static int obey(struct target *target, int control, struct control_message *message,
                struct failure *failure)
{
    struct control_message reply = {.verb = CONTROL_DONE};
    unsigned stuck;
    switch (message->verb) {
    case CONTROL_BEGIN:
        target_begin(target, message->seed);
        break;
    case CONTROL_QUIESCE:
        reply.active = target_quiesce(target, message->timeout_ns, &stuck);
        reply.stuck = stuck;
        break;
    default:
        return failure_set(failure, FAILURE_INTERNAL, "the controller sent verb %u", message->verb);
    }
    return tell(control, &reply, failure);
}

/* 1: go on; 0: the end; -1. */
static int take_order(struct target *target, int control, struct failure *failure)
{
    struct control_message message;
    ssize_t length = recv(control, &message, sizeof message, 0);
    if (length < 0 && errno == EINTR) {
        return 1;
    }
    if (length == 0 || (length < 0 && errno == ECONNRESET)) {
        return 0;
    }
    if (length != (ssize_t)sizeof message) {
        return failure_set(failure, FAILURE_INTERNAL, "the controller sent %zd bytes", length);
    }
    return obey(target, control, &message, failure) == 0 ? 1 : -1;
}

static int serve_orders(struct target *target, int control, int signals, struct failure *failure)
{
    int result = 1;
    while (result > 0) {
        struct pollfd fds[] = {{.fd = control, .events = POLLIN},
                               {.fd = signals, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot wait for orders");
        }
        if (fds[1].revents != 0) {
            return 0;
        }
        if (fds[0].revents != 0) {
            result = take_order(target, control, failure);
        }
    }
    return result;
}

static int start(struct plan *plan, struct shared_memory *shared, int plan_fd, int ledger_fd,
                 struct target **target, struct failure *failure)
{
    if (shared_memory_map(shared, ledger_fd, true, failure) != 0) {
        return -1;
    }
    struct ledger *ledger = ledger_of(shared, failure);
    if (ledger == NULL || plan_read(plan, plan_fd, failure) != 0) {
        return -1;
    }
    if (plan->scenario->target.kind != TARGET_EMBEDDED) {
        return failure_set(failure, FAILURE_INTERNAL, "the scenario has no embedded target");
    }
    /* A program is not seen from inside: the port it was sent to says whose a connection is. */
    uint32_t programs = lanes_programs(plan->scenario);
    return target_start(target, &plan->scenario->target.embedded, programs > 0 ? programs : 1,
                        ledger, plan->ca_file, failure);
}

static void report_failure(int control, const struct failure *failure)
{
    struct control_message message = {.verb = CONTROL_FAILED, .kind = failure->kind};
    (void)snprintf(message.text, sizeof message.text, "%s", failure->text);
    (void)tell(control, &message, NULL);
}

int service_run(int plan_fd, int ledger_fd, int control_fd, struct failure *failure)
{
    struct plan plan = {NULL};
    struct shared_memory shared = SHARED_MEMORY_INIT;
    struct target *target = NULL;
    struct control_message ready = {.verb = CONTROL_READY};
    int result = -1;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)fcntl(control_fd, F_SETFD, FD_CLOEXEC);
    int signals = open_signals(failure);
    if (signals < 0 || start(&plan, &shared, plan_fd, ledger_fd, &target, failure) != 0) {
        report_failure(control_fd, failure);
        goto done;
    }
    if (tell(control_fd, &ready, failure) == 0) {
        result = serve_orders(target, control_fd, signals, failure);
    }
done:
    target_stop(target);
    plan_release(&plan);
    shared_memory_release(&shared);
    (void)close(plan_fd);
    (void)close(control_fd);
    if (signals >= 0) {
        (void)close(signals);
    }
    return result;
}
