/* SPDX-License-Identifier: MIT
 *
 * What the tests of the tracer share: they build programs/crash.c in several ways, start it, follow
 * it as a controller does, and look into stacks.
 */
#ifndef TESTS_WATCH_TRACING_H
#define TESTS_WATCH_TRACING_H

#include "harness/base/clock.h"
#include "harness/watch/stacks_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CRASH_SOURCE "tests/unit/watch/programs/crash.c"

/** Longer than anything here takes, also on a loaded machine under sanitizers. */
#define PATIENCE (60 * NS_PER_S)

struct tracing {
    char folder[64];
    int signals; /**< signalfd of SIGCHLD */
    struct stacks_symbols *symbols;
};

static struct tracing tracing;

/** Runs a command of the test's own to its end. */
__attribute__((unused)) static int shell(const char *format, ...)
{
    char command[2048];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(command, sizeof command, format, list);
    va_end(list);
    return system(command);
}

/** The path of a built program; valid until the next call. */
__attribute__((unused)) static const char *program(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", tracing.folder, name);
    return path;
}

/** Builds the crashing program as name. */
__attribute__((unused)) static void build(const char *name, const char *compiler)
{
    assert_int_equal(shell("%s -I. -pthread -g " CRASH_SOURCE " -o %s", compiler, program(name)),
                     0);
}

static int tracing_begin(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    tracing.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    (void)snprintf(tracing.folder, sizeof tracing.folder, "/tmp/eighth-tracing-XXXXXX");
    if (mkdtemp(tracing.folder) == NULL) {
        return -1;
    }
    tracing.symbols = stacks_symbols_create(&failure);
    return tracing.signals >= 0 && tracing.symbols != NULL ? 0 : -1;
}

static int tracing_end(void **state)
{
    (void)state;
    stacks_symbols_free(tracing.symbols);
    (void)close(tracing.signals);
    return shell("rm -rf %s", tracing.folder);
}

/** Starts it; its standard output is output, or stays when that is -1. words: descriptor that it
 *  gets as 3, or -1. With gate not NULL it waits before its exec until *gate is closed. */
static pid_t start(const char *name, const char *way, int output, int words, int *gate)
{
    const char *path = program(name);
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sigset_t none;
        char byte;
        (void)close(ends[1]);
        if (gate != NULL) {
            (void)!read(ends[0], &byte, 1);
        }
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
        if (output >= 0) {
            (void)dup2(output, 1);
        }
        if (words >= 0) {
            (void)dup2(words, 3);
        }
        (void)execl(path, path, way, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[0]);
    if (gate != NULL) {
        *gate = ends[1];
    } else {
        (void)close(ends[1]);
    }
    return pid;
}

/** Starts it with the tracer already on. */
__attribute__((unused)) static pid_t start_traced(const char *name, const char *way, int output,
                                                  struct stacks_tracer **tracer)
{
    struct failure failure = FAILURE_INIT;
    int gate;
    pid_t pid = start(name, way, output, -1, &gate);
    assert_int_equal(stacks_attach(tracer, tracing.symbols, pid, &failure), STACKS_OK);
    (void)close(gate);
    return pid;
}

/** Starts it and waits for its "ready". */
__attribute__((unused)) static pid_t start_ready(const char *name, const char *way)
{
    int ends[2];
    char line[6];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = start(name, way, ends[1], -1, NULL);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], line, sizeof line), sizeof line);
    (void)close(ends[0]);
    return pid;
}

/** Waits for the next SIGCHLD. */
static void await_signal(void)
{
    struct pollfd wait = {tracing.signals, POLLIN, 0};
    struct signalfd_siginfo info;
    assert_int_equal(poll(&wait, 1, (int)(PATIENCE / NS_PER_MS)), 1);
    while (read(tracing.signals, &info, sizeof info) > 0) {
    }
}

static int reap(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/** Follows it until it has ended. Its wait status. */
static int follow(struct stacks_tracer *tracer, pid_t pid)
{
    while (stacks_poll(tracer) == STACKS_RUNNING) {
        await_signal();
    }
    return reap(pid);
}

/** Runs it under the tracer. *stacks, which must be empty, gets the stacks of its death; false if
 *  there are none. */
__attribute__((unused)) static bool trace(const char *name, const char *way, int *status,
                                          struct thread_stacks *stacks)
{
    struct stacks_tracer *tracer;
    pid_t pid = start_traced(name, way, -1, &tracer);
    *status = follow(tracer, pid);
    bool any = stacks_take(tracer, stacks);
    stacks_release(tracer);
    return any;
}

/** The line of the program's source that carries this mark. */
__attribute__((unused)) static uint32_t marked_line(const char *mark)
{
    char line[256];
    char comment[64];
    uint32_t number = 0;
    FILE *source = fopen(CRASH_SOURCE, "re");
    assert_non_null(source);
    (void)snprintf(comment, sizeof comment, "mark: %s */", mark);
    while (fgets(line, sizeof line, source) != NULL) {
        number++;
        if (strstr(line, comment) != NULL) {
            (void)fclose(source);
            return number;
        }
    }
    (void)fclose(source);
    fail_msg("no mark %s", mark);
    return 0;
}

/** The first frame of that function, or NULL. */
__attribute__((unused)) static const struct stack_frame *frame_of(const struct stack *stack,
                                                                  const char *function)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        if (stack->frames[i].function != NULL && strcmp(stack->frames[i].function, function) == 0) {
            return &stack->frames[i];
        }
    }
    return NULL;
}

/** How many threads have a frame of that function. */
__attribute__((unused)) static uint32_t threads_in(const struct thread_stacks *stacks,
                                                   const char *function)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < stacks->count; i++) {
        count += frame_of(&stacks->threads[i], function) != NULL;
    }
    return count;
}

#endif
