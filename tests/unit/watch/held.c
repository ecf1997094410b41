/* SPDX-License-Identifier: MIT
 *
 * A traced child that has a second thread before its exec, as ThreadSanitizer gives it to each
 * child of a fork: it gets to its exec, or to its end, and the tracer sees how it died.
 */
#include "harness/watch/child.h"
#include "harness/watch/tracing.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct tracing tracing;

static int tracer_pid(void)
{
    char line[128];
    int pid = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "TracerPid:", 10) == 0) {
            pid = (int)strtol(line + 10, NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return pid;
}

static void *stay(void *argument)
{
    for (;;) {
        (void)pause();
    }
    return argument;
}

/* Runs in the child, in its fork(2): the thread's birth is a stop that the tracer must let pass. */
static void add_thread(void)
{
    pthread_t thread;
    while (tracer_pid() == 0) {
        (void)poll(NULL, 0, 1);
    }
    if (pthread_create(&thread, NULL, stay, NULL) != 0) {
        _exit(99);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    if (tracing_open(&tracing, &failure) != 0) {
        return -1;
    }
    return pthread_atfork(NULL, NULL, add_thread);
}

static int tear_down(void **state)
{
    (void)state;
    tracing_close(&tracing);
    return 0;
}

static int start(struct child *child, struct worker_tracing *worker, const char *path,
                 const char *script, struct failure *failure)
{
    const char *arguments[] = {"sh", "-c", script, NULL};
    sigset_t none;
    (void)sigemptyset(&none);
    struct child_order order = {.path = path,
                                .arguments = arguments,
                                .mask = &none,
                                .held = worker_tracing_attach,
                                .tend = worker_tracing_tend,
                                .held_context = worker};
    assert_int_equal(worker_tracing_begin(worker, &tracing, "plain", failure), 0);
    return child_start(child, &order, failure);
}

static void its_thread_does_not_hinder_the_exec(void **state)
{
    (void)state;
    struct child child;
    struct worker_tracing worker;
    struct thread_stacks stacks;
    struct failure failure = FAILURE_INIT;
    if (!tracing.allowed) {
        skip();
    }
    assert_int_equal(start(&child, &worker, "/bin/sh", "kill -SEGV $$", &failure), 0);
    pid_t pid = child.pid;
    while (!worker_tracing_poll(&worker)) {
        (void)poll(NULL, 0, 1);
    }
    assert_true(child_reap(&child));
    assert_true(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGSEGV);
    worker_tracing_end(&worker, pid, &stacks);
    assert_int_equal(stacks.signal.number, SIGSEGV);
    assert_int_equal(stacks.count, 1); /* that of the shell; the thread is gone */
    thread_stacks_release(&stacks);
    (void)close(child.out);
    (void)close(child.err);
}

static void its_thread_does_not_hinder_a_failure(void **state)
{
    (void)state;
    struct child child;
    struct worker_tracing worker;
    struct thread_stacks stacks;
    struct failure failure = FAILURE_INIT;
    if (!tracing.allowed) {
        skip();
    }
    assert_int_equal(start(&child, &worker, "/nowhere/sh", "", &failure), -1);
    assert_int_equal(failure.kind, FAILURE_ENVIRONMENT);
    assert_non_null(strstr(failure.text, strerror(ENOENT)));
    worker_tracing_end(&worker, 0, &stacks);
    thread_stacks_release(&stacks);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_thread_does_not_hinder_the_exec),
        cmocka_unit_test(its_thread_does_not_hinder_a_failure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
