/* SPDX-License-Identifier: MIT
 *
 * The threads of a traced process: which there are, which stand still, how they are stopped and let
 * run. For the tracer alone (stacks_trace.c, stacks_capture.c).
 */
#ifndef WATCH_STACKS_THREADS_H
#define WATCH_STACKS_THREADS_H

#include "harness/watch/stacks_trace.h"

#include <stdbool.h>
#include <stdint.h>

struct traced_thread {
    pid_t tid;        /**< 0: gone, the slot is free */
    bool stopped;     /**< in a ptrace stop, told by status */
    bool asked;       /**< was asked to stop and has not yet */
    bool unstoppable; /**< a zombie, or in a sleep that cannot be broken: not waited for */
    bool counted;     /**< stops at each begin and end of a system call */
    int status;       /**< as waitpid gave it, when stopped */
};

struct stacks_tracer {
    pid_t pid;
    struct stacks_symbols *symbols;
    struct traced_thread *threads;
    uint32_t count;            /**< slots used, free ones included */
    uint32_t capacity;         /**< slots allocated */
    bool dead;                 /**< the process has ended and waits for its parent to reap it */
    bool doomed;               /**< its death is certain: what stands still is left to the kernel */
    stacks_counting wanted;    /**< NULL: system calls are not counted */
    const void *context;       /**< for it */
    uint64_t call_stops;       /**< begins and ends of system calls that count */
    int refused;               /**< errno of the first thread that could not be seized; 0 none */
    int signal;                /**< that ended it; 0 none, or not known */
    struct stack_signal fault; /**< the last one that went to a handler of the process */
    struct thread_stacks death; /**< count 0: none */
};

/** Adds a thread that a traced one has just made, once. Without memory, or when it turns out to be
 *  a process of its own, it is let go. May move tracer->threads. */
void threads_add(struct stacks_tracer *tracer, pid_t tid);

/** Seizes all threads that /proc lists and that are not yet traced; how many were new. Those that
 *  refuse set tracer->refused. May move tracer->threads. */
int threads_seize(struct stacks_tracer *tracer);

/** Has the process ended, or been reaped by its parent? Sets tracer->dead and signal. The death
 *  stays for the parent to reap. */
bool threads_process_ended(struct stacks_tracer *tracer);

/** Looks whether a thread has something to tell, without waiting. True if it has: then it is
 *  stopped, or it is gone (tid 0). The end of the main thread is not looked at: it ends with the
 *  process. */
bool threads_reap(struct stacks_tracer *tracer, struct traced_thread *thread);

/** Stops all threads, new ones included, and waits until they stand, at most STACKS_STOP_TIMEOUT.
 *  Returns how many live threads do not. */
uint32_t threads_stop(struct stacks_tracer *tracer);

/** Lets a stopped thread go on as if nobody had looked, or with the given signal (0: none). */
void threads_continue(struct traced_thread *thread, int signal);

/** Is it stopped because a signal is about to be delivered to it? Its number, or 0. */
int threads_signal(const struct traced_thread *thread);

/** Is it stopped at the begin or the end of a system call? */
bool threads_in_call(const struct traced_thread *thread);

/** Is it stopped together with its process by SIGSTOP and the like? */
bool threads_group_stopped(const struct traced_thread *thread);

#endif
