/* SPDX-License-Identifier: MIT
 *
 * Follows, stops and resumes the threads of a traced process.
 *
 * Each thread is waited for by its own id: a wait for "any child" would take away the deaths of the
 * controller's other children, and the process group is the worker's to change.
 */
#include "harness/watch/stacks_threads.h"

#include "harness/base/buffer.h"
#include "harness/base/clock.h"
#include "harness/watch/stacks_modules.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/** Threads are followed; forks are not; nothing traced survives the controller. */
#define TRACE_OPTIONS (PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)

/** A thread that has not stopped after this many looks is asked of /proc whether it lives. */
#define LOOKS_BEFORE_DOUBT 64U

static struct traced_thread *threads_find(struct stacks_tracer *tracer, pid_t tid)
{
    for (uint32_t i = 0; i < tracer->count; i++) {
        if (tracer->threads[i].tid == tid) {
            return &tracer->threads[i];
        }
    }
    return NULL;
}

static struct traced_thread *slot_get(struct stacks_tracer *tracer)
{
    struct traced_thread *slot = threads_find(tracer, 0);
    if (slot != NULL) {
        return slot;
    }
    if (tracer->count == tracer->capacity) {
        uint32_t wanted = tracer->capacity == 0 ? 32 : tracer->capacity * 2;
        struct traced_thread *grown = realloc(tracer->threads, wanted * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        tracer->threads = grown;
        tracer->capacity = wanted;
    }
    return &tracer->threads[tracer->count++];
}

void threads_add(struct stacks_tracer *tracer, pid_t tid)
{
    if (threads_find(tracer, tid) != NULL) {
        return;
    }
    /* A clone(2) with a signal of its own choice makes a process, yet is told as a thread. Only
     * threads of the process can be addressed so. */
    bool foreign = syscall(SYS_tgkill, tracer->pid, tid, 0) != 0 && errno == ESRCH;
    struct traced_thread *thread = foreign ? NULL : slot_get(tracer);
    if (thread != NULL) {
        *thread = (struct traced_thread){.tid = tid, .counted = tracer->wanted != NULL};
        return;
    }
    int status;
    (void)waitpid(tid, &status, __WALL); /* it stops at once, or is gone */
    (void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

/** The state letter of a thread, as in /proc/PID/task/TID/status, and who traces it. 'X' when there
 *  is no such thread. */
static char thread_state(pid_t pid, pid_t tid, pid_t *tracer)
{
    char path[64];
    struct buffer text = BUFFER_INIT;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
    (void)stacks_read_file(path, &text);
    const char *state = strstr(buffer_text(&text), "\nState:\t");
    const char *traced = strstr(buffer_text(&text), "\nTracerPid:\t");
    char letter = state == NULL ? 'X' : state[8];
    *tracer = traced == NULL ? 0 : (pid_t)strtol(traced + 12, NULL, 10);
    buffer_clear(&text);
    return letter;
}

static bool thread_is_dead(pid_t pid, pid_t tid)
{
    pid_t tracer;
    char state = thread_state(pid, tid, &tracer);
    return state == 'Z' || state == 'X';
}

/** Seizes one thread; 1 when it is new, 0 when it was known already or is gone, -1 with errno. */
static int seize_one(struct stacks_tracer *tracer, pid_t tid)
{
    if (threads_find(tracer, tid) != NULL) {
        return 0;
    }
    struct traced_thread *slot = slot_get(tracer);
    if (slot == NULL) {
        errno = ENOMEM;
        return -1;
    }
    *slot = (struct traced_thread){.counted = tracer->wanted != NULL};
    if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)TRACE_OPTIONS) != 0) {
        int error = errno;
        pid_t holder;
        char state = thread_state(tracer->pid, tid, &holder);
        if (error == ESRCH || state == 'Z' || state == 'X') {
            return 0;
        }
        /* Threads born of traced ones are traced from their first moment and refuse a second time.
         */
        if (holder != (pid_t)syscall(SYS_gettid)) {
            errno = error;
            return -1;
        }
    }
    slot->tid = tid;
    return 1;
}

int threads_seize(struct stacks_tracer *tracer)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)tracer->pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) {
        return 0; /* gone: waiting tells */
    }
    int fresh = 0;
    const struct dirent *entry;
    while ((entry = readdir(tasks)) != NULL) {
        pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
        int result = tid <= 0 ? 0 : seize_one(tracer, tid);
        tracer->refused = result < 0 && tracer->refused == 0 ? errno : tracer->refused;
        fresh += result > 0;
    }
    (void)closedir(tasks);
    return fresh;
}

bool threads_process_ended(struct stacks_tracer *tracer)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)tracer->pid, &info, WEXITED | WNOHANG | WNOWAIT | (int)__WALL) != 0) {
        tracer->dead = errno == ECHILD;
    } else if (info.si_pid != 0 && (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)) {
        tracer->dead = true;
        tracer->signal = info.si_status;
    } else if (info.si_pid != 0 && info.si_code == CLD_EXITED) {
        tracer->dead = true;
    }
    return tracer->dead;
}

/** Takes a stop of the main thread, and never its death. */
static bool reap_main(struct traced_thread *thread)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)thread->tid, &info, WSTOPPED | WNOHANG | (int)__WALL) != 0 ||
        info.si_pid == 0) {
        return false;
    }
    thread->stopped = true;
    thread->status = info.si_status << 8 | 0x7f; /* as waitpid gives it */
    return true;
}

/** Takes a stop or the end of another thread. One that cannot be waited for is gone: an exec of
 *  another thread ended it. */
static bool reap_other(struct traced_thread *thread)
{
    int status = 0;
    pid_t got = waitpid(thread->tid, &status, __WALL | WNOHANG);
    if (got == 0) {
        return false;
    }
    if (got > 0 && WIFSTOPPED(status)) {
        thread->stopped = true;
        thread->status = status;
    } else {
        thread->tid = 0;
    }
    return true;
}

bool threads_reap(struct stacks_tracer *tracer, struct traced_thread *thread)
{
    if (thread->tid == 0 || (thread->stopped && !tracer->doomed)) {
        return false;
    }
    bool told = thread->tid == tracer->pid ? reap_main(thread) : reap_other(thread);
    if (told) {
        thread->asked = false;
    }
    return told;
}

/** One look at all threads: asks those that run, takes what they tell. How many still run. */
static uint32_t stop_pass(struct stacks_tracer *tracer, bool doubt)
{
    uint32_t running = 0;
    for (uint32_t i = 0; i < tracer->count; i++) {
        struct traced_thread *thread = &tracer->threads[i];
        if (thread->tid == 0 || thread->stopped || thread->unstoppable) {
            continue;
        }
        if (!thread->asked) {
            (void)ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL);
            thread->asked = true;
        }
        if (threads_reap(tracer, thread)) {
            continue;
        }
        /* A main thread that has ended stays as a zombie while others live. */
        thread->unstoppable = doubt && thread_is_dead(tracer->pid, thread->tid);
        running += !thread->unstoppable;
    }
    return running;
}

uint32_t threads_stop(struct stacks_tracer *tracer)
{
    uint64_t deadline = clock_now() + STACKS_STOP_TIMEOUT;
    uint32_t running;
    uint32_t looks = 0;
    for (uint32_t i = 0; i < tracer->count; i++) {
        tracer->threads[i].unstoppable = false;
    }
    for (;;) {
        running = stop_pass(tracer, looks >= LOOKS_BEFORE_DOUBT);
        if (running == 0 && threads_seize(tracer) == 0) {
            break;
        }
        if (threads_process_ended(tracer) || clock_now() > deadline) {
            break;
        }
        /* The kernel offers no event to wait for that would not also take what belongs to others;
         * stopping takes microseconds. */
        struct timespec pause = {0, looks < LOOKS_BEFORE_DOUBT ? 10000 : 200000};
        if (running > 0 && looks++ >= 4) {
            (void)nanosleep(&pause, NULL);
        }
    }
    return tracer->dead ? 0 : running;
}

bool threads_group_stopped(const struct traced_thread *thread)
{
    int signal = WSTOPSIG(thread->status);
    return thread->stopped && thread->status >> 16 == PTRACE_EVENT_STOP &&
           (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU);
}

bool threads_in_call(const struct traced_thread *thread)
{
    return thread->stopped && thread->status >> 16 == 0 &&
           WSTOPSIG(thread->status) == (SIGTRAP | 0x80);
}

int threads_signal(const struct traced_thread *thread)
{
    bool signal = thread->stopped && thread->status >> 16 == 0 && !threads_in_call(thread);
    return signal ? WSTOPSIG(thread->status) : 0;
}

void threads_continue(struct traced_thread *thread, int signal)
{
    thread->stopped = false;
    thread->asked = false;
    if (threads_group_stopped(&(struct traced_thread){.stopped = true, .status = thread->status})) {
        (void)ptrace(PTRACE_LISTEN, thread->tid, NULL, NULL);
    } else {
        (void)ptrace(thread->counted ? PTRACE_SYSCALL : PTRACE_CONT, thread->tid, NULL,
                     (void *)(intptr_t)signal);
    }
}
