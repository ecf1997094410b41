/* SPDX-License-Identifier: MIT
 *
 * Decides what to do about each stop of a traced worker: pass it on, or take the stacks first.
 */
#include "harness/watch/stacks_trace.h"

#include "harness/watch/stacks_capture.h"
#include "harness/watch/stacks_disposition.h"
#include "harness/watch/stacks_threads.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void stop_settle(struct stacks_tracer *tracer, uint32_t index);

static enum stacks_result result_of(int error, pid_t pid, struct failure *failure)
{
    if (error == ESRCH) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "process %d is gone", (int)pid);
        return STACKS_GONE;
    }
    if (error == EPERM || error == EACCES || error == ENOSYS) {
        (void)failure_errno(failure, FAILURE_ENVIRONMENT, error,
                            "the kernel does not allow to trace process %d (see "
                            "/proc/sys/kernel/yama/ptrace_scope and the container's rules)",
                            (int)pid);
        return STACKS_REFUSED;
    }
    (void)failure_errno(failure, FAILURE_ENVIRONMENT, error, "tracing process %d", (int)pid);
    return STACKS_FAILED;
}

static enum stacks_result tracer_open(struct stacks_tracer **tracer, struct stacks_symbols *symbols,
                                      pid_t pid, struct failure *failure)
{
    *tracer = NULL;
    struct stacks_tracer *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        return result_of(ENOMEM, pid, failure);
    }
    fresh->pid = pid;
    fresh->symbols = symbols;
    /* Threads may be born while the list is read: until a reading shows none that is new. */
    int seized = 0;
    for (int more; (more = threads_seize(fresh)) > 0;) {
        seized += more;
    }
    if (fresh->refused != 0 || seized == 0) {
        int error = fresh->refused != 0 ? fresh->refused : ESRCH;
        stacks_release(fresh);
        return result_of(error, pid, failure);
    }
    *tracer = fresh;
    return STACKS_OK;
}

enum stacks_result stacks_attach(struct stacks_tracer **tracer, struct stacks_symbols *symbols,
                                 pid_t pid, struct failure *failure)
{
    return tracer_open(tracer, symbols, pid, failure);
}

void stacks_count_calls(struct stacks_tracer *tracer, stacks_counting wanted, const void *context)
{
    tracer->wanted = wanted;
    tracer->context = context;
    for (uint32_t i = 0; i < tracer->count; i++) {
        /* Only out of a stop can a thread be told to stop at its calls. */
        tracer->threads[i].counted = true;
        (void)ptrace(PTRACE_INTERRUPT, tracer->threads[i].tid, NULL, NULL);
    }
}

uint64_t stacks_calls(const struct stacks_tracer *tracer)
{
    return tracer->call_stops / 2;
}

enum stacks_result stacks_probe(struct failure *failure)
{
    pid_t child = fork();
    if (child < 0) {
        return result_of(errno, 0, failure);
    }
    if (child == 0) {
        for (;;) {
            (void)pause();
        }
    }
    enum stacks_result result = STACKS_OK;
    if (ptrace(PTRACE_SEIZE, child, NULL, NULL) != 0) {
        result = result_of(errno, child, failure);
    }
    int status;
    (void)kill(child, SIGKILL);
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    return result;
}

/** Lets each stopped thread go on, each as its own stop demands. */
static void settle_all(struct stacks_tracer *tracer)
{
    for (uint32_t i = 0; i < tracer->count && !tracer->dead; i++) {
        stop_settle(tracer, i);
    }
}

/** A handler that gives up raises the signal again, by then without the address of the fault. */
static void fault_restore(struct stack_signal *signal, const struct stack_signal *fault)
{
    if (signal->code <= 0 && fault->number == signal->number && fault->tid == signal->tid) {
        *signal = *fault;
    }
}

/** The thread is about to die of the signal, and its process with it: takes all stacks first. */
static void death_take(struct stacks_tracer *tracer, uint32_t index, int signal)
{
    pid_t tid = tracer->threads[index].tid;
    struct stacks_capture capture = {0};
    (void)threads_stop(tracer);
    if (tracer->dead || tracer->threads[index].tid != tid) {
        return; /* killed meanwhile */
    }
    /* Now that nobody can install a handler any more, the answer is final. */
    bool kills = stacks_signal_kills(tracer->pid, tid, signal);
    if (kills) {
        stacks_capture_walk(&capture, tracer, tid);
    }
    /* With a signal that kills, the kernel ends the other threads out of their stops; letting them
     * run would only let another one crash first. */
    tracer->doomed = kills;
    threads_continue(&tracer->threads[index], signal);
    if (kills) {
        thread_stacks_release(&tracer->death);
        fault_restore(&capture.stacks.signal, &tracer->fault);
        stacks_capture_name(&capture, tracer->symbols, &tracer->death);
    } else {
        settle_all(tracer);
    }
    stacks_capture_release(&capture);
}

static void clone_follow(struct stacks_tracer *tracer, uint32_t index)
{
    unsigned long tid = 0;
    pid_t parent = tracer->threads[index].tid;
    if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &tid) == 0 && tid > 0) {
        threads_add(tracer, (pid_t)tid);
    }
}

/** Handles the stop of one thread and lets it go on. */
static void stop_settle(struct stacks_tracer *tracer, uint32_t index)
{
    struct traced_thread *thread = &tracer->threads[index];
    if (thread->tid == 0 || !thread->stopped || tracer->doomed) {
        return;
    }
    if (threads_in_call(thread) && tracer->wanted != NULL) {
        tracer->call_stops += tracer->wanted(tracer->context);
    }
    int signal = threads_signal(thread);
    if (signal != 0 && stacks_signal_kills(tracer->pid, thread->tid, signal)) {
        death_take(tracer, index, signal);
        return;
    }
    if (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE) {
        stacks_signal_read(&tracer->fault, thread->tid);
    }
    if (thread->status >> 16 == PTRACE_EVENT_CLONE) {
        clone_follow(tracer, index);
    }
    threads_continue(&tracer->threads[index], signal);
}

enum stacks_event stacks_poll(struct stacks_tracer *tracer)
{
    bool more = true;
    while (more && !threads_process_ended(tracer)) {
        more = false;
        for (uint32_t i = 0; i < tracer->count && !tracer->dead; i++) {
            if (threads_reap(tracer, &tracer->threads[i])) {
                stop_settle(tracer, i);
                more = true;
            }
        }
    }
    return tracer->dead ? STACKS_ENDED : STACKS_RUNNING;
}

const struct thread_stacks *stacks_of_death(const struct stacks_tracer *tracer)
{
    /* SIGKILL may have been faster than the signal whose stacks were taken. */
    bool holds =
        tracer->dead && tracer->signal != 0 && tracer->signal == tracer->death.signal.number;
    return holds ? &tracer->death : NULL;
}

bool stacks_take(struct stacks_tracer *tracer, struct thread_stacks *stacks)
{
    if (stacks_of_death(tracer) == NULL) {
        return false;
    }
    *stacks = tracer->death;
    memset(&tracer->death, 0, sizeof tracer->death);
    return true;
}

/** Stops and walks; the threads stand still afterwards. */
static enum stacks_result snapshot_walk(struct stacks_tracer *tracer,
                                        struct stacks_capture *capture, struct failure *failure)
{
    (void)threads_stop(tracer);
    if (tracer->dead) {
        return result_of(ESRCH, tracer->pid, failure);
    }
    stacks_capture_walk(capture, tracer, 0);
    return STACKS_OK;
}

enum stacks_result stacks_snapshot(struct stacks_tracer *tracer, struct thread_stacks *stacks,
                                   struct failure *failure)
{
    struct stacks_capture capture = {0};
    if (tracer->dead) {
        return result_of(ESRCH, tracer->pid, failure);
    }
    enum stacks_result result = snapshot_walk(tracer, &capture, failure);
    if (result == STACKS_OK) {
        settle_all(tracer);
        stacks_capture_name(&capture, tracer->symbols, stacks);
    }
    stacks_capture_release(&capture);
    return result;
}

/** Ends the tracing of a process whose threads stand still. */
static void detach_all(struct stacks_tracer *tracer)
{
    for (uint32_t i = 0; i < tracer->count; i++) {
        struct traced_thread *thread = &tracer->threads[i];
        if (thread->tid != 0 && thread->stopped) {
            intptr_t signal = threads_signal(thread);
            (void)ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)signal);
            thread->tid = 0;
        }
    }
}

enum stacks_result stacks_snapshot_of(pid_t pid, struct stacks_symbols *symbols,
                                      struct thread_stacks *stacks, struct failure *failure)
{
    struct stacks_tracer *tracer;
    struct stacks_capture capture = {0};
    enum stacks_result result = tracer_open(&tracer, symbols, pid, failure);
    if (result != STACKS_OK) {
        return result;
    }
    result = snapshot_walk(tracer, &capture, failure);
    detach_all(tracer);
    if (result == STACKS_OK) {
        stacks_capture_name(&capture, symbols, stacks);
    }
    stacks_capture_release(&capture);
    stacks_release(tracer);
    return result;
}

void stacks_release(struct stacks_tracer *tracer)
{
    if (tracer == NULL) {
        return;
    }
    if (!tracer->dead && tracer->count > 0) {
        (void)threads_stop(tracer);
        detach_all(tracer);
    }
    thread_stacks_release(&tracer->death);
    free(tracer->threads);
    free(tracer);
}
