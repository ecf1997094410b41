/* SPDX-License-Identifier: MIT
 *
 * fork, exec, kill, wait. Between fork and exec only async-signal-safe calls are made.
 */
#include "harness/watch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child could not do, told through a pipe that a successful exec closes. */
struct start_error {
    int error;
    bool executing; /* it was the exec itself */
    char stage[60];
};

static void fail_start(int report, const char *stage, bool executing)
{
    struct start_error error = {.error = errno, .executing = executing};
    for (size_t i = 0; i + 1 < sizeof error.stage && stage[i] != '\0'; i++) {
        error.stage[i] = stage[i];
    }
    if (write(report, &error, sizeof error) < 0) {
        _exit(126);
    }
    _exit(127);
}

static void restore_signals(const sigset_t *mask)
{
    /* Not by sigaction(3): it refuses the two signals that glibc keeps for itself, and make(1),
     * which spawns with all signals reset, hands exactly these down ignored. */
    static const unsigned char standard[64]; /* SIG_DFL, no flags, in the kernel's layout */
    for (int number = 1; number < NSIG; number++) {
        (void)syscall(SYS_rt_sigaction, number, standard, NULL, (size_t)(_NSIG / 8));
    }
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
}

static void set_limits(const struct child_order *order, int report)
{
    struct rlimit limit = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &limit);
    if (order->descriptors != 0) {
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
            fail_start(report, "read the limit of descriptors", false);
        }
        limit.rlim_cur = (rlim_t)order->descriptors;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            fail_start(report, "raise the limit of descriptors", false);
        }
    }
}

/* Waits until the parent has closed its end of the gate. */
static void await_gate(int gate[2])
{
    char byte;
    ssize_t length;
    (void)close(gate[1]);
    do {
        length = read(gate[0], &byte, 1);
    } while (length < 0 && errno == EINTR);
}

static void run_child(const struct child_order *order, pid_t parent, int out, int err, int report,
                      int gate[2])
{
    if (order->session) {
        (void)setsid();
    } else {
        (void)setpgid(0, 0);
    }
    if (prctl(PR_SET_PDEATHSIG, order->death_signal != 0 ? order->death_signal : SIGKILL) != 0) {
        fail_start(report, "tie it to the controller's life", false);
    }
    if (getppid() != parent) {
        _exit(126); /* the controller died before the line above */
    }
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) {
        fail_start(report, "set up its standard streams", false);
    }
    /* What this process got from its own parents is none of the child's business. Not on old
     * kernels, where it is only untidy. */
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int i = 0; i < order->inherited_count; i++) {
        if (fcntl(order->inherited[i], F_SETFD, 0) != 0) {
            fail_start(report, "pass a descriptor on", false);
        }
    }
    if (order->fixed_addresses) {
        (void)personality(ADDR_NO_RANDOMIZE);
    }
    set_limits(order, report);
    if (order->folder != NULL && chdir(order->folder) != 0) {
        fail_start(report, "enter its working folder", false);
    }
    restore_signals(order->mask);
    if (gate[0] >= 0) {
        await_gate(gate);
    }
    (void)execve(order->path, (char *const *)(uintptr_t)order->arguments,
                 order->environment != NULL ? (char *const *)(uintptr_t)order->environment
                                            : environ);
    fail_start(report, "execute it", true);
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
            pair[i] = -1;
        }
    }
}

#define TEND_EVERY_MS 1

/* True once the descriptor has something to tell. */
static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    return poll(&readable, 1, timeout_ms) > 0;
}

/* Whether what the user named cannot be right; else the machine may do it another time. */
static bool is_mistake(int error)
{
    static const int mistakes[] = {ENOENT, ENOTDIR, EACCES, EPERM,   ELOOP, ENAMETOOLONG,
                                   EISDIR, ENOEXEC, EINVAL, ELIBBAD, E2BIG};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        if (mistakes[i] == error) {
            return true;
        }
    }
    return false;
}

/* Waits for exec or its failure. */
static int await_exec(struct child *child, const struct child_order *order, int report,
                      struct failure *failure)
{
    struct start_error error;
    ssize_t length;
    while (order->tend != NULL && !is_readable(report, TEND_EVERY_MS)) {
        order->tend(order->held_context);
    }
    do {
        length = read(report, &error, sizeof error);
    } while (length < 0 && errno == EINTR);
    if (length != (ssize_t)sizeof error) {
        return 0;
    }
    error.stage[sizeof error.stage - 1] = '\0';
    while (order->tend != NULL && !child_reap(child)) {
        order->tend(order->held_context);
        (void)poll(NULL, 0, TEND_EVERY_MS);
    }
    child_kill(child);
    child->refused = error.executing ? error.error : 0;
    bool mistake = order->given && is_mistake(error.error);
    return failure_errno(failure, mistake ? FAILURE_USAGE : FAILURE_ENVIRONMENT, error.error,
                         "cannot start %s: cannot %s", order->path, error.stage);
}

static int start(struct child *child, const struct child_order *order, struct failure *failure)
{
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    int report[2] = {-1, -1};
    int gate[2] = {-1, -1};
    int result = -1;
    memset(child, 0, sizeof *child);
    child->out = -1;
    child->err = -1;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0 ||
        (order->held != NULL && pipe2(gate, O_CLOEXEC) != 0)) {
        (void)failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot make pipes for %s",
                            order->path);
        goto done;
    }
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid < 0) {
        child->pid = 0;
        (void)failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot fork for %s", order->path);
        goto done;
    }
    if (child->pid == 0) {
        run_child(order, parent, out[1], err[1], report[1], gate);
    }
    if (!order->session) {
        (void)setpgid(child->pid, child->pid); /* both sides: whichever comes first */
    }
    (void)close(report[1]);
    report[1] = -1;
    if (order->held != NULL) {
        order->held(order->held_context, child->pid);
    }
    close_pair(gate);
    if (await_exec(child, order, report[0], failure) != 0) {
        goto done;
    }
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(err[0], F_SETFL, O_NONBLOCK);
    child->out = out[0];
    child->err = err[0];
    out[0] = err[0] = -1;
    result = 0;
done:
    close_pair(out);
    close_pair(err);
    close_pair(report);
    close_pair(gate);
    return result;
}

int child_start(struct child *child, const struct child_order *order, struct failure *failure)
{
    /* A child holds copies of all pipes until it execs. Two that are started at once would hold
     * each other's, and each would wait for the other's end to close. */
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&one_at_a_time);
    int result = start(child, order, failure);
    (void)pthread_mutex_unlock(&one_at_a_time);
    return result;
}

void child_signal(const struct child *child, int number)
{
    if (child->pid > 0 && !child->over) {
        (void)kill(-child->pid, number);
    }
}

/* The leader is a zombie and keeps the group's number from being given away: the rest of the group
 * is killed first, then the leader is reaped. */
static void collect(struct child *child)
{
    (void)kill(-child->pid, SIGKILL);
    while (wait4(child->pid, &child->status, 0, &child->usage) < 0 && errno == EINTR) {
    }
    child->over = true;
    child->pid = 0;
}

bool child_ended(const struct child *child)
{
    siginfo_t info;
    if (child->over || child->pid <= 0) {
        return true;
    }
    memset(&info, 0, sizeof info);
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
}

bool child_reap(struct child *child)
{
    if (child->over || child->pid <= 0) {
        return true;
    }
    if (!child_ended(child)) {
        return false;
    }
    collect(child);
    return true;
}

void child_kill(struct child *child)
{
    if (child->pid > 0 && !child->over) {
        collect(child);
    }
}

const char *child_signal_name(int number, char *text, size_t capacity)
{
    const char *name = number > 0 ? sigabbrev_np(number) : NULL;
    if (name != NULL) {
        (void)snprintf(text, capacity, "SIG%s", name);
    } else {
        (void)snprintf(text, capacity, "signal %d", number);
    }
    return text;
}
