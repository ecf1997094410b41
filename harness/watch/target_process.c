/* SPDX-License-Identifier: MIT
 *
 * One message out, one message in, and a close look at the process while waiting.
 */
#include "harness/watch/target_process.h"

#include "harness/base/clock.h"
#include "harness/base/control.h"
#include "harness/scenario/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT (30 * NS_PER_S)
#define REPLY_MARGIN (10 * NS_PER_S)
#define GRACE (NS_PER_S / 2)
#define OUTPUT_KEPT 65536
#define TAIL_SHOWN 400

void target_process_init(struct target_process *target)
{
    struct output none = OUTPUT_INIT;
    struct shared_memory nothing = SHARED_MEMORY_INIT;
    memset(target, 0, sizeof *target);
    target->control = -1;
    target->child.out = -1;
    target->child.err = -1;
    target->out = none;
    target->err = none;
    target->shared = nothing;
}

static void describe_end(struct target_process *target)
{
    char name[32];
    int status = target->child.status;
    struct buffer tail = BUFFER_INIT;
    output_end(&target->err, TAIL_SHOWN, &tail);
    while (tail.length > 0 && tail.text[tail.length - 1] == '\n') {
        tail.text[--tail.length] = '\0';
    }
    char how[64];
    if (WIFSIGNALED(status)) {
        (void)snprintf(how, sizeof how, "was killed by %s",
                       child_signal_name(WTERMSIG(status), name, sizeof name));
    } else {
        (void)snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
    }
    (void)snprintf(target->end_text, sizeof target->end_text, "the target %s%s%s", how,
                   tail.length > 0 ? "; it said: " : "", buffer_text(&tail));
    buffer_clear(&tail);
}

bool target_process_check(struct target_process *target)
{
    output_drain(&target->out);
    output_drain(&target->err);
    if (!target->dead && target->child.pid > 0 && child_reap(&target->child)) {
        output_drain(&target->err);
        target->dead = true;
        describe_end(target);
    }
    return target->child.pid > 0 && !target->dead;
}

static int report_death(const struct target_process *target, struct failure *failure)
{
    return failure_set(failure, FAILURE_ENVIRONMENT, "%s", target->end_text);
}

/* Waits for one message. */
static int await_message(struct target_process *target, struct control_message *message,
                         uint64_t deadline, struct signals *signals, struct failure *failure)
{
    for (;;) {
        ssize_t length = recv(target->control, message, sizeof *message, MSG_DONTWAIT);
        if (length == (ssize_t)sizeof *message) {
            message->text[sizeof message->text - 1] = '\0';
            return 0;
        }
        if (length > 0) {
            return failure_set(failure, FAILURE_INTERNAL, "the target sent half a message");
        }
        if (!target_process_check(target)) {
            return report_death(target, failure);
        }
        if (signals_take(signals)) {
            return failure_set(failure, FAILURE_ENVIRONMENT, "interrupted");
        }
        if (clock_now() >= deadline) {
            return failure_set(failure, FAILURE_ENVIRONMENT, "the target does not answer");
        }
        /* A closed control end is readable at once until its process is reaped: leave it out. */
        struct pollfd fds[] = {
            {.fd = length == 0 ? -1 : target->control, .events = POLLIN},
            {.fd = signals->fd, .events = POLLIN},
            {.fd = target->out.fd, .events = POLLIN},
            {.fd = target->err.fd, .events = POLLIN},
        };
        (void)poll(fds, sizeof fds / sizeof fds[0], 50);
    }
}

static int ask(struct target_process *target, struct control_message *message, uint64_t timeout,
               struct signals *signals, struct failure *failure)
{
    if (!target_process_check(target)) {
        return report_death(target, failure);
    }
    if (send(target->control, message, sizeof *message, MSG_NOSIGNAL) < 0) {
        int error = errno;
        uint64_t until = clock_now() + GRACE;
        while (target_process_check(target) && clock_now() < until) {
            (void)poll(NULL, 0, 5);
        }
        return target->dead ? report_death(target, failure)
                            : failure_errno(failure, FAILURE_ENVIRONMENT, error,
                                            "cannot speak to the target");
    }
    if (await_message(target, message, clock_now() + timeout, signals, failure) != 0) {
        return -1;
    }
    if (message->verb != CONTROL_DONE) {
        return failure_set(failure, FAILURE_INTERNAL, "the target answered with verb %u",
                           message->verb);
    }
    return 0;
}

int target_process_begin(struct target_process *target, uint64_t seed, struct signals *signals,
                         struct failure *failure)
{
    struct control_message message = {.verb = CONTROL_BEGIN, .seed = seed};
    return ask(target, &message, REPLY_MARGIN, signals, failure);
}

int target_process_quiesce(struct target_process *target, uint64_t timeout_ns,
                           struct target_rest *rest, struct signals *signals,
                           struct failure *failure)
{
    struct control_message message = {.verb = CONTROL_QUIESCE, .timeout_ns = timeout_ns};
    if (ask(target, &message, timeout_ns + REPLY_MARGIN, signals, failure) != 0) {
        return -1;
    }
    rest->active = message.active;
    rest->stuck = message.stuck;
    return 0;
}

/* The letter behind the command's name, which may hold anything, also a ')'. */
bool target_process_is_stopped(const struct target_process *target)
{
    char path[48];
    char text[256];
    if (target->child.pid <= 0) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)target->child.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t length = read(fd, text, sizeof text - 1);
    (void)close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && strncmp(name_end, ") T", 3) == 0;
}

static int make_folder(struct target_process *target, struct failure *failure)
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] != '/' || strlen(base) > 32) {
        base = "/tmp";
    }
    (void)snprintf(target->folder, sizeof target->folder, "%s/eighth-XXXXXX", base);
    if (mkdtemp(target->folder) == NULL) {
        int error = errno;
        target->folder[0] = '\0';
        return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                             "cannot make a folder for the target's certificates in %s", base);
    }
    (void)snprintf(target->ca_file, sizeof target->ca_file, "%s/ca.pem", target->folder);
    return 0;
}

static int launch(struct target_process *target, const struct layout *layout, int plan_fd,
                  int control_fd, uint64_t descriptors, struct signals *signals,
                  struct failure *failure)
{
    char plan[16];
    char ledger[16];
    char control[16];
    (void)snprintf(plan, sizeof plan, "%d", plan_fd);
    (void)snprintf(ledger, sizeof ledger, "%d", target->shared.fd);
    (void)snprintf(control, sizeof control, "%d", control_fd);
    const char *arguments[] = {"eighth", "serve",        "--plan-fd", plan, "--ledger-fd",
                               ledger,   "--control-fd", control,     NULL};
    int inherited[] = {plan_fd, target->shared.fd, control_fd};
    struct child_order order = {
        .path = layout->self,
        .arguments = arguments,
        .inherited = inherited,
        .inherited_count = 3,
        .descriptors = descriptors,
        .mask = &signals->old_mask,
    };
    if (child_start(&target->child, &order, failure) != 0) {
        return -1;
    }
    output_open(&target->out, target->child.out, OUTPUT_KEPT);
    output_open(&target->err, target->child.err, OUTPUT_KEPT);
    return 0;
}

static int await_ready(struct target_process *target, struct signals *signals,
                       struct failure *failure)
{
    struct control_message message;
    if (await_message(target, &message, clock_now() + START_TIMEOUT, signals, failure) != 0) {
        return -1;
    }
    if (message.verb == CONTROL_FAILED) {
        enum failure_kind kind =
            message.kind == FAILURE_USAGE ? FAILURE_USAGE : FAILURE_ENVIRONMENT;
        return failure_set(failure, kind, "the target cannot start: %.900s", message.text);
    }
    if (message.verb != CONTROL_READY || target->ledger->port == 0) {
        return failure_set(failure, FAILURE_INTERNAL, "the target began with verb %u",
                           message.verb);
    }
    return 0;
}

int target_process_start(struct target_process *target, const struct scenario *scenario,
                         const struct layout *layout, uint64_t descriptors, struct signals *signals,
                         struct failure *failure)
{
    int control[2] = {-1, -1};
    int plan_fd = -1;
    int result = -1;
    target_process_init(target);
    if (ledger_create(&target->shared, failure) != 0) {
        goto done;
    }
    target->ledger = target->shared.memory;
    if (make_folder(target, failure) != 0) {
        goto done;
    }
    /* plan_write only reads the scenario. */
    struct plan plan = {.scenario = (struct scenario *)(uintptr_t)scenario,
                        .ca_file = target->ca_file};
    if (plan_write(&plan, &plan_fd, failure) != 0) {
        goto done;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) {
        (void)failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot make a control channel");
        goto done;
    }
    if (launch(target, layout, plan_fd, control[1], descriptors, signals, failure) != 0) {
        goto done;
    }
    target->control = control[0];
    control[0] = -1;
    /* Our copy of its end must go, or its death would not be seen. */
    (void)close(control[1]);
    control[1] = -1;
    result = await_ready(target, signals, failure);
done:
    for (int i = 0; i < 2; i++) {
        if (control[i] >= 0) {
            (void)close(control[i]);
        }
    }
    if (plan_fd >= 0) {
        (void)close(plan_fd);
    }
    if (result != 0) {
        target_process_stop(target);
    }
    return result;
}

void target_process_stop(struct target_process *target)
{
    if (target->control >= 0) {
        (void)close(target->control); /* it ends by itself when this closes */
        target->control = -1;
    }
    uint64_t until = clock_now() + GRACE;
    while (target->child.pid > 0 && !child_reap(&target->child) && clock_now() < until) {
        output_drain(&target->out);
        output_drain(&target->err);
        (void)poll(NULL, 0, 2);
    }
    child_kill(&target->child);
    output_release(&target->out);
    output_release(&target->err);
    shared_memory_release(&target->shared);
    target->ledger = NULL;
    if (target->folder[0] != '\0') {
        (void)unlink(target->ca_file);
        (void)rmdir(target->folder);
        target->folder[0] = '\0';
    }
}
