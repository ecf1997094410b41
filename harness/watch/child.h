/* SPDX-License-Identifier: MIT
 *
 * One child process: started by fork and exec, alone in its process group, with its output in
 * pipes, killed and reaped by its number and never left behind: it dies with the controller.
 */
#ifndef WATCH_CHILD_H
#define WATCH_CHILD_H

#include "harness/base/failure.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct child_order {
    const char *path;
    const char *const *arguments; /**< argv, ended by NULL */
    const int *inherited;         /**< descriptors that stay open, under their numbers */
    int inherited_count;
    uint64_t descriptors; /**< RLIMIT_NOFILE to set (soft, and hard stays); 0: unchanged */
    bool fixed_addresses; /**< no address space randomisation (ThreadSanitizer needs it) */
    const sigset_t *mask; /**< signal mask for the child */
    bool session;         /**< a session of its own, without a terminal */
    int death_signal;     /**< that it gets when this thread dies; 0: SIGKILL */
    const char *folder;   /**< to work in; NULL: that of this process */
    bool given; /**< path and folder are the user's: what is wrong with them is FAILURE_USAGE */
    /** The whole environment, "NAME=VALUE" each, ended by NULL; NULL: that of this process. */
    const char *const *environment;
    /** Called while the child waits before its exec, with its pid: to attach a tracer. NULL: the
     *  child does not wait. */
    void (*held)(void *context, pid_t pid);
    /** Called again and again, each millisecond, while a child that was held is on its way to its
     *  exec. Whoever traces it lets its threads run there: a sanitizer's runtime starts one in the
     *  child of a fork, and the exec waits until the tracer has taken its end. NULL: nobody traces
     *  it. */
    void (*tend)(void *context);
    void *held_context; /**< of both */
};

struct child {
    pid_t pid;   /**< 0: none, or reaped; also the number of its process group */
    int out;     /**< read end of its standard output, non-blocking; the caller takes it over */
    int err;     /**< the same of its standard error */
    int refused; /**< errno of the exec that failed; 0: none did */
    bool over;   /**< it has ended and was reaped: status and usage are valid */
    int status;  /**< as waitpid(2) gives it */
    struct rusage usage;
};

/** Starts it: standard input /dev/null, dispositions default, core dumps off, death_signal when
 *  the calling thread dies. Fails with FAILURE_ENVIRONMENT, or FAILURE_USAGE (see given); nothing
 *  is left then. */
int child_start(struct child *child, const struct child_order *order, struct failure *failure);

/** True if it has ended, whether reaped or not: until then nothing else may wait for it. */
bool child_ended(const struct child *child);

/** Reaps it if it has ended: kills what is left of its process group first. True once over. */
bool child_reap(struct child *child);

/** Sends a signal to its whole process group; nothing if it is over. */
void child_signal(const struct child *child, int number);

/** SIGKILL to the group, and waits for the end. */
void child_kill(struct child *child);

/** "SIGSEGV", ...; "signal 42" for those without a name. text is used for the latter. */
const char *child_signal_name(int number, char *text, size_t capacity);

#endif
