/* SPDX-License-Identifier: MIT
 *
 * The tracer: watches a worker with ptrace(2), costs nothing while nothing happens but at the start
 * and the end of threads, and takes the stacks of all threads when a signal is about to kill it.
 *
 * How a controller uses it (one thread, the same one for all calls of one tracer):
 *
 *   1. fork; the child waits on a pipe before its exec; stacks_attach; let the child go. Attached
 *      later, a worker that dies at once may be dead already. What the worker executes in its own
 *      place stays traced; children that it forks are never traced.
 *   2. block SIGCHLD, and on each one (signalfd) call stacks_poll for every tracer: each stop of a
 *      traced thread is told by SIGCHLD alone; a pidfd does not tell it. A traced worker's new
 *      threads wait for this call: do not be late.
 *   3. once stacks_poll says STACKS_ENDED, stacks_of_death gives the stacks, and the controller
 *      reaps the worker as it reaps any child. Not earlier: any wait for a traced child takes away
 *      stops that the tracer must see.
 *   4. at a deadline: stacks_snapshot, then kill(pid, SIGKILL) and on with 3.
 *   5. stacks_release. A worker that still lives runs on, untraced.
 *
 * SIGCHLD must not be ignored. If the controller dies, the kernel kills what it traces.
 */
#ifndef WATCH_STACKS_TRACE_H
#define WATCH_STACKS_TRACE_H

#include "harness/base/failure.h"
#include "harness/watch/stack.h"
#include "harness/watch/stacks_symbols.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum stacks_result {
    STACKS_OK = 0,
    STACKS_REFUSED, /**< the kernel does not allow it (container, Yama, another tracer): go on
                       without; the failure's text says so for the report */
    STACKS_GONE,    /**< there is no such process any more, or it is dead and not reaped */
    STACKS_FAILED   /**< anything else; see the failure */
};

enum stacks_event {
    STACKS_RUNNING = 0, /**< it lives */
    STACKS_ENDED        /**< it has ended, and waits for its parent to reap it; again at each later
                           call */
};

struct stacks_tracer;

/** Tries on a child of its own whether tracing is allowed here: STACKS_OK, STACKS_REFUSED or
 *  STACKS_FAILED. Once at start; a worker is then told whether to write its own last words. */
enum stacks_result stacks_probe(struct failure *failure);

/** Starts to trace pid with all its threads. symbols must outlive the tracer. *tracer is NULL
 *  unless STACKS_OK. The worker is stopped for a moment only when it has several threads already.
 */
enum stacks_result stacks_attach(struct stacks_tracer **tracer, struct stacks_symbols *symbols,
                                 pid_t pid, struct failure *failure);

/** Whether a system call that begins or ends now counts. */
typedef bool (*stacks_counting)(const void *context);

/** From now on counts the system calls of the process for which wanted says yes; that makes it
 *  slower by far. context must outlive the tracer. Call it right after stacks_attach. */
void stacks_count_calls(struct stacks_tracer *tracer, stacks_counting wanted, const void *context);

/** How many were counted so far. */
uint64_t stacks_calls(const struct stacks_tracer *tracer);

/** Handles all that happened since the last call, never waiting but for the other threads to stop
 *  when one gets a fatal signal (at most STACKS_STOP_TIMEOUT). */
enum stacks_event stacks_poll(struct stacks_tracer *tracer);

/** After STACKS_ENDED: the stacks at the moment of the fatal signal; NULL if it died of none (it
 *  exited) or of one that cannot be seen coming (SIGKILL). Owned by the tracer. */
const struct thread_stacks *stacks_of_death(const struct stacks_tracer *tracer);

/** Takes over what stacks_of_death gives into *stacks, which must be empty. False if there are
 *  none. */
bool stacks_take(struct stacks_tracer *tracer, struct thread_stacks *stacks);

/** Stops all threads, takes their stacks into *stacks (which must be empty), lets them run on.
 *  A system call that was waiting may end with EINTR where Linux does so after a stop (epoll_wait
 *  and the like: signal(7)). Threads that cannot be stopped are counted as missing. STACKS_GONE
 *  when it is dead meanwhile: stacks_poll tells how. */
enum stacks_result stacks_snapshot(struct stacks_tracer *tracer, struct thread_stacks *stacks,
                                   struct failure *failure);

/** The same for a process that is not traced (asan workers, children of an external client). A
 *  signal that arrives meanwhile is not lost. */
enum stacks_result stacks_snapshot_of(pid_t pid, struct stacks_symbols *symbols,
                                      struct thread_stacks *stacks, struct failure *failure);

/** Ends the tracing and frees; what lives runs on. NULL is allowed. */
void stacks_release(struct stacks_tracer *tracer);

/** How long the other threads of a process are awaited to stop, in ns. */
#define STACKS_STOP_TIMEOUT (500 * UINT64_C(1000000))

#endif
