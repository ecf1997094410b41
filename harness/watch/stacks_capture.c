/* SPDX-License-Identifier: MIT
 *
 * Collects what a stopped process tells: signal, registers, the walk of each thread's stack.
 */
#include "harness/watch/stacks_capture.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

static void note_set(struct thread_stacks *stacks, const char *what, const char *why)
{
    (void)snprintf(stacks->note, sizeof stacks->note, "%.64s: %.180s", what, why);
}

static void name_read(char *name, size_t capacity, pid_t pid, pid_t tid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)pid, (int)tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, name, capacity - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    name[got > 0 ? got : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
}

/* The file name alone. A file that was replaced meanwhile has a suffix. */
static void executable_read(char *name, size_t capacity, pid_t pid, pid_t tid)
{
    static const char deleted[] = " (deleted)";
    char path[64];
    char target[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/exe", (int)pid, (int)tid);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(target, '/');
    (void)snprintf(name, capacity, "%s", slash != NULL ? slash + 1 : "");
    size_t used = strlen(name);
    if (used > sizeof deleted && strcmp(name + used - (sizeof deleted - 1), deleted) == 0) {
        name[used - (sizeof deleted - 1)] = '\0';
    }
}

void stacks_signal_read(struct stack_signal *signal, pid_t tid)
{
    siginfo_t info = {0};
    memset(signal, 0, sizeof *signal);
    if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0) {
        return;
    }
    signal->number = info.si_signo;
    signal->code = info.si_code;
    signal->tid = tid;
    switch (info.si_signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        /* SI_KERNEL: the processor named no address (a non-canonical one, for example). */
        signal->has_address = info.si_code > 0 && info.si_code != SI_KERNEL;
        break;
    default:
        break;
    }
    if (signal->has_address) {
        signal->address = (uint64_t)(uintptr_t)info.si_addr;
    } else if (info.si_code <= 0) {
        signal->sender = info.si_pid;
    }
}

static void thread_walk(struct stacks_capture *capture, struct stacks_unwinder *unwinder, pid_t tid,
                        bool first)
{
    struct stack *stack = thread_stacks_add(&capture->stacks);
    if (stack == NULL) {
        return;
    }
    struct stacks_raw *raw = &capture->raws[capture->stacks.count - 1];
    stack->tid = tid;
    name_read(stack->name, sizeof stack->name, capture->stacks.pid, tid);
    struct stacks_registers registers;
    if (stacks_registers_read(&registers, tid) != 0) {
        note_set(&capture->stacks, "a thread's registers could not be read", strerror(errno));
        return;
    }
    stack->thread = registers.thread;
    if (first) {
        stacks_signal_read(&capture->stacks.signal, tid);
        stacks_registers_name(&registers, &capture->stacks);
    }
    if (unwinder != NULL) {
        stacks_unwind_thread(unwinder, tid, &registers, raw);
    } else {
        raw->count = 1;
        raw->pcs[0] = registers.pc;
        raw->exact[0] = true;
        raw->broken = true;
    }
}

static int tids_compare(const void *a, const void *b)
{
    pid_t left = *(const pid_t *)a;
    pid_t right = *(const pid_t *)b;
    return (left > right) - (left < right);
}

/** The stopped threads but first, ascending; how many. tids has room for all. */
static uint32_t tids_collect(const struct stacks_tracer *tracer, pid_t first, pid_t *tids)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tracer->count; i++) {
        const struct traced_thread *thread = &tracer->threads[i];
        if (thread->tid != 0 && thread->stopped && thread->tid != first) {
            tids[count++] = thread->tid;
        }
    }
    qsort(tids, count, sizeof *tids, tids_compare);
    return count;
}

static uint32_t threads_missed(const struct stacks_tracer *tracer)
{
    uint32_t missed = 0;
    for (uint32_t i = 0; i < tracer->count; i++) {
        const struct traced_thread *thread = &tracer->threads[i];
        missed += thread->tid != 0 && !thread->stopped && !thread->unstoppable;
    }
    return missed;
}

void stacks_capture_walk(struct stacks_capture *capture, const struct stacks_tracer *tracer,
                         pid_t first)
{
    struct failure failure = FAILURE_INIT;
    struct stacks_unwinder *unwinder = NULL;
    struct thread_stacks *stacks = &capture->stacks;
    stacks->pid = tracer->pid;
    stacks->time = clock_now();
    stacks->source = STACK_SOURCE_TRACER;
    pid_t *tids = calloc(tracer->count + 1, sizeof *tids);
    capture->raws = calloc(tracer->count + 1, sizeof *capture->raws);
    if (tids == NULL || capture->raws == NULL) {
        note_set(stacks, "no stacks", "no memory");
        free(tids);
        return;
    }
    stacks->missing = threads_missed(tracer);
    if (stacks->missing > 0) {
        note_set(stacks, "not all threads", "some could not be stopped in time");
    }
    uint32_t count = tids_collect(tracer, first, tids);
    pid_t living = first != 0 ? first : tids[0];
    executable_read(stacks->executable, sizeof stacks->executable, tracer->pid, living);
    if (stacks_modules_read(&capture->modules, tracer->pid, living, &failure) == 0) {
        unwinder = stacks_unwind_begin(living, &capture->modules, &failure);
    }
    if (unwinder == NULL) {
        note_set(stacks, "stacks cannot be unwound", failure.text);
    }
    if (first != 0) {
        thread_walk(capture, unwinder, first, true);
    }
    for (uint32_t i = 0; i < count; i++) {
        thread_walk(capture, unwinder, tids[i], false);
    }
    stacks_unwind_end(unwinder);
    free(tids);
}

void stacks_capture_name(struct stacks_capture *capture, struct stacks_symbols *symbols,
                         struct thread_stacks *stacks)
{
    stacks_symbols_refresh(symbols);
    for (uint32_t i = 0; i < capture->stacks.count; i++) {
        stacks_symbols_name(symbols, &capture->modules, &capture->raws[i],
                            &capture->stacks.threads[i]);
    }
    *stacks = capture->stacks;
    memset(&capture->stacks, 0, sizeof capture->stacks);
}

void stacks_capture_release(struct stacks_capture *capture)
{
    stacks_modules_release(&capture->modules);
    free(capture->raws);
    thread_stacks_release(&capture->stacks);
    memset(capture, 0, sizeof *capture);
}
