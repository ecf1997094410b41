/* SPDX-License-Identifier: MIT
 *
 * Taking the stacks of workers, for a whole run: the store of symbols, and whether tracing is
 * allowed here; and for one trial: the tracer of its worker, or the place for its last words.
 *
 * A struct tracing serves one thread; several threads that run trials have one each.
 */
#ifndef WATCH_TRACING_H
#define WATCH_TRACING_H

#include "harness/base/failure.h"
#include "harness/base/logbook.h"
#include "harness/base/shared_memory.h"
#include "harness/watch/stack.h"
#include "harness/watch/stacks_trace.h"

#include <stdbool.h>
#include <sys/types.h>

struct tracing {
    struct stacks_symbols *symbols; /**< NULL: not open, no stacks are taken */
    bool allowed;
    char refusal[320]; /**< for the report: why tracing is not allowed; "" if it is */
};

#define TRACING_INIT    \
    {                   \
        NULL, false, "" \
    }

/** Tries whether tracing is allowed. Fails with FAILURE_ENVIRONMENT only without memory; that the
 *  kernel refuses is no failure. */
int tracing_open(struct tracing *tracing, struct failure *failure);

/** Frees; leaves it as TRACING_INIT does. */
void tracing_close(struct tracing *tracing);

/** How the stacks of one worker are taken. */
enum tracing_way {
    TRACING_NONE = 0, /**< only at the deadline: the sanitizer tells of deaths itself */
    TRACING_TRACED,
    TRACING_LAST_WORDS /**< the worker writes them */
};

struct worker_tracing {
    struct tracing *tracing;
    enum tracing_way way;
    struct stacks_tracer *tracer; /**< NULL: not (or no longer) traced */
    struct shared_memory words;   /**< with TRACING_LAST_WORDS */
    stacks_counting counts;       /**< NULL: system calls are not counted */
    const void *context;          /**< for it */
    uint64_t calls;               /**< counted, after worker_tracing_end */
    bool taken;                   /**< stacks at the deadline were taken */
    bool looked;                  /**< stacks of threads that were left were taken */
    uint64_t looking;             /**< ns that this took: that time is not the client's */
    struct thread_stacks stacks;  /**< until worker_tracing_end takes them */
};

/** Chooses the way for a worker of that flavor and makes what it needs. tracing NULL or not open:
 *  nothing is ever taken. Fails with FAILURE_ENVIRONMENT. */
int worker_tracing_begin(struct worker_tracing *worker, struct tracing *tracing, const char *flavor,
                         struct failure *failure);

/** For child_order.held: attaches the tracer. context is the struct worker_tracing. If the kernel
 *  refuses this one worker, it runs on untraced. */
void worker_tracing_attach(void *context, pid_t pid);

/** For child_order.tend: lets the worker's threads run while it has not execed yet. */
void worker_tracing_tend(void *context);

/** Between worker_tracing_begin and _attach: has the worker's system calls counted while wanted
 * says yes, where it is traced at all. */
void worker_tracing_count(struct worker_tracing *worker, stacks_counting wanted,
                          const void *context);

/** On each SIGCHLD, and at least before each look whether the worker has ended. True if it may be
 *  waited for; until then nobody may. */
bool worker_tracing_poll(struct worker_tracing *worker);

/** At the deadline: takes the stacks of all threads, and stops tracing, so that the worker can be
 *  killed and reaped as any other. */
void worker_tracing_freeze(struct worker_tracing *worker, pid_t pid);

/** If threads were left in the worker and it waits for their stacks to be taken, takes those of all
 *  its threads into *stacks, or none where that is not possible, and lets it go on. Once for each
 *  worker. */
void worker_tracing_look(struct worker_tracing *worker, pid_t pid, struct logbook *logbook,
                         struct thread_stacks *stacks);

/** Stops tracing without taking anything. */
void worker_tracing_detach(struct worker_tracing *worker);

/** After worker_tracing_poll said true, before the worker is reaped: moves what is known into
 *  *stacks (empty if nothing is) and frees the rest. pid: of the worker. */
void worker_tracing_end(struct worker_tracing *worker, pid_t pid, struct thread_stacks *stacks);

#endif
