/* SPDX-License-Identifier: MIT
 *
 * Decides who takes the stacks of a worker: the tracer, the worker itself, or its sanitizer.
 */
#include "harness/watch/tracing.h"

#include "harness/base/clock.h"
#include "harness/base/last_words.h"
#include "harness/watch/stacks_fallback.h"

#include <stdio.h>
#include <string.h>

int tracing_open(struct tracing *tracing, struct failure *failure)
{
    struct tracing fresh = TRACING_INIT;
    struct failure refusal = FAILURE_INIT;
    *tracing = fresh;
    tracing->symbols = stacks_symbols_create(failure);
    if (tracing->symbols == NULL) {
        return -1;
    }
    tracing->allowed = stacks_probe(&refusal) == STACKS_OK;
    if (!tracing->allowed) {
        (void)snprintf(tracing->refusal, sizeof tracing->refusal,
                       "processes cannot be traced here (/proc/sys/kernel/yama/ptrace_scope, or "
                       "the container's rules), so a crash shows the stack of its own thread "
                       "only, and a hang and threads that are left none");
    }
    return 0;
}

void tracing_close(struct tracing *tracing)
{
    struct tracing none = TRACING_INIT;
    stacks_symbols_free(tracing->symbols);
    *tracing = none;
}

int worker_tracing_begin(struct worker_tracing *worker, struct tracing *tracing, const char *flavor,
                         struct failure *failure)
{
    struct shared_memory nothing = SHARED_MEMORY_INIT;
    memset(worker, 0, sizeof *worker);
    worker->words = nothing;
    worker->tracing = tracing;
    /* LeakSanitizer traces its own process at the end and cannot if somebody else does. */
    if (tracing == NULL || tracing->symbols == NULL || strcmp(flavor, "asan") == 0) {
        return 0;
    }
    if (tracing->allowed) {
        worker->way = TRACING_TRACED;
        return 0;
    }
    worker->way = TRACING_LAST_WORDS;
    return shared_memory_create(&worker->words, "eighth-last-words", sizeof(struct last_words),
                                failure);
}

void worker_tracing_attach(void *context, pid_t pid)
{
    struct worker_tracing *worker = context;
    struct failure refusal = FAILURE_INIT;
    if (worker->way == TRACING_TRACED) {
        (void)stacks_attach(&worker->tracer, worker->tracing->symbols, pid, &refusal);
        if (worker->tracer != NULL && worker->counts != NULL) {
            stacks_count_calls(worker->tracer, worker->counts, worker->context);
        }
    }
}

void worker_tracing_tend(void *context)
{
    (void)worker_tracing_poll(context);
}

void worker_tracing_count(struct worker_tracing *worker, stacks_counting wanted,
                          const void *context)
{
    worker->counts = wanted;
    worker->context = context;
}

bool worker_tracing_poll(struct worker_tracing *worker)
{
    return worker->tracer == NULL || stacks_poll(worker->tracer) == STACKS_ENDED;
}

void worker_tracing_detach(struct worker_tracing *worker)
{
    stacks_release(worker->tracer);
    worker->tracer = NULL;
}

static enum stacks_result snapshot(struct worker_tracing *worker, pid_t pid,
                                   struct thread_stacks *stacks)
{
    struct failure failure = FAILURE_INIT;
    if (worker->tracing == NULL || worker->tracing->symbols == NULL) {
        return STACKS_REFUSED;
    }
    if (worker->tracer != NULL) {
        return stacks_snapshot(worker->tracer, stacks, &failure);
    }
    return worker->tracing->allowed
               ? stacks_snapshot_of(pid, worker->tracing->symbols, stacks, &failure)
               : STACKS_REFUSED;
}

void worker_tracing_look(struct worker_tracing *worker, pid_t pid, struct logbook *logbook,
                         struct thread_stacks *stacks)
{
    if (worker->looked || worker->taken ||
        atomic_load_explicit(&logbook->stacks_wanted, memory_order_acquire) == 0) {
        return;
    }
    uint64_t begun = clock_now();
    worker->looked = true;
    (void)snapshot(worker, pid, stacks);
    atomic_store_explicit(&logbook->stacks_taken, 1, memory_order_release);
    worker->looking = clock_now() - begun;
}

void worker_tracing_freeze(struct worker_tracing *worker, pid_t pid)
{
    enum stacks_result result =
        worker->taken ? STACKS_REFUSED : snapshot(worker, pid, &worker->stacks);
    worker->taken = worker->taken || result == STACKS_OK;
    /* One that died in this very moment stays with the tracer, which knows of what. */
    if (result != STACKS_GONE) {
        worker_tracing_detach(worker);
    }
}

void worker_tracing_end(struct worker_tracing *worker, pid_t pid, struct thread_stacks *stacks)
{
    struct thread_stacks none = THREAD_STACKS_INIT;
    *stacks = none;
    worker->calls = worker->tracer != NULL ? stacks_calls(worker->tracer) : 0;
    if (worker->taken) {
        *stacks = worker->stacks;
        worker->stacks = none;
    } else if (worker->tracer != NULL) {
        (void)stacks_take(worker->tracer, stacks);
    } else if (worker->words.memory != NULL) {
        (void)stacks_from_last_words(worker->words.memory, pid, worker->tracing->symbols, stacks);
    }
    worker_tracing_detach(worker);
    thread_stacks_release(&worker->stacks);
    shared_memory_release(&worker->words);
}
