/* SPDX-License-Identifier: MIT
 *
 * Children: started as ordered, ended without a rest, errors told.
 */
#include "harness/watch/child.h"

#include "harness/base/clock.h"
#include "harness/watch/needs.h"
#include "harness/watch/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void start_shell(struct child *child, const char *script, const struct child_order *more)
{
    const char *arguments[] = {"sh", "-c", script, NULL};
    sigset_t none;
    struct failure failure = FAILURE_INIT;
    struct child_order order = {0};
    if (more != NULL) {
        order = *more;
    }
    (void)sigemptyset(&none);
    order.path = "/bin/sh";
    order.arguments = arguments;
    order.mask = &none;
    assert_int_equal(child_start(child, &order, &failure), 0);
}

/* Everything it wrote, once it has ended. */
static void await_end(struct child *child, struct output *out)
{
    uint64_t until = clock_now() + 20 * NS_PER_S;
    output_open(out, child->out, 65536);
    while (!child_reap(child)) {
        assert_true(clock_now() < until);
        output_drain(out);
        (void)poll(NULL, 0, 2);
    }
    output_drain(out);
    (void)close(child->err);
}

static void test_status(void **state)
{
    (void)state;
    struct child child;
    struct output out;
    start_shell(&child, "exit 7", NULL);
    await_end(&child, &out);
    assert_true(WIFEXITED(child.status));
    assert_int_equal(WEXITSTATUS(child.status), 7);
    output_release(&out);
    start_shell(&child, "kill -SEGV $$", NULL);
    await_end(&child, &out);
    assert_true(WIFSIGNALED(child.status));
    assert_int_equal(WTERMSIG(child.status), SIGSEGV);
    output_release(&out);
}

static void test_surroundings(void **state)
{
    (void)state;
    struct child child;
    struct output out;
    struct buffer text = BUFFER_INIT;
    struct child_order order = {.descriptors = 77};
    char group[32];
    (void)signal(SIGPIPE, SIG_IGN);
    start_shell(&child,
                "ulimit -Sn; ulimit -c; cut -d' ' -f5 /proc/self/stat; cat; ls /proc/self/fd | wc "
                "-l; grep -E 'SigIgn|SigBlk' /proc/self/status",
                &order);
    (void)snprintf(group, sizeof group, "77\n0\n%d\n", (int)child.pid);
    await_end(&child, &out);
    output_text(&out, &text);
    assert_memory_equal(buffer_text(&text), group, strlen(group));
    /* 0, 1, 2 and the one that ls reads by: nothing of ours slipped in. */
    assert_non_null(strstr(buffer_text(&text), "\n4\n"));
    assert_non_null(strstr(buffer_text(&text), "SigBlk:\t0000000000000000"));
    assert_non_null(strstr(buffer_text(&text), "SigIgn:\t0000000000000000"));
    buffer_clear(&text);
    output_release(&out);
}

static void test_no_such_program(void **state)
{
    (void)state;
    const char *arguments[] = {"x", NULL};
    sigset_t none;
    struct child child;
    struct failure failure = FAILURE_INIT;
    (void)sigemptyset(&none);
    struct child_order order = {.path = "/nowhere/x", .arguments = arguments, .mask = &none};
    assert_int_equal(child_start(&child, &order, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_ENVIRONMENT);
    assert_non_null(strstr(failure.text, "/nowhere/x"));
    assert_non_null(strstr(failure.text, strerror(ENOENT)));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
}

static void test_grandchildren_die_too(void **state)
{
    (void)state;
    struct child child;
    struct output out;
    struct buffer text = BUFFER_INIT;
    start_shell(&child, "sleep 1000 & echo $!; exit 0", NULL);
    await_end(&child, &out);
    output_text(&out, &text);
    pid_t grandchild = (pid_t)atol(buffer_text(&text));
    assert_true(grandchild > 1);
    uint64_t until = clock_now() + 10 * NS_PER_S;
    while (kill(grandchild, 0) == 0 && clock_now() < until) {
        char path[64];
        char state_text[256] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)grandchild);
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            (void)fgets(state_text, sizeof state_text, file);
            (void)fclose(file);
        }
        if (strstr(state_text, ") Z") != NULL) {
            break; /* dead; whoever inherited it has not reaped it */
        }
        (void)poll(NULL, 0, 2);
    }
    assert_true(clock_now() < until);
    buffer_clear(&text);
    output_release(&out);
}

static void test_kill(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "trap '' TERM; echo ready; while :; do sleep 1; done", NULL);
    struct pollfd ready = {.fd = child.out, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 20000), 1);
    assert_false(child_reap(&child));
    child_signal(&child, SIGTERM);
    assert_false(child_reap(&child));
    child_kill(&child);
    assert_true(child.over);
    assert_int_equal(WTERMSIG(child.status), SIGKILL);
    child_kill(&child); /* nothing any more */
    (void)close(child.out);
    (void)close(child.err);
}

static void test_signal_names(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(child_signal_name(SIGSEGV, text, sizeof text), "SIGSEGV");
    assert_string_equal(child_signal_name(SIGKILL, text, sizeof text), "SIGKILL");
    assert_string_equal(child_signal_name(42, text, sizeof text), "signal 42");
    assert_string_equal(child_signal_name(-1, text, sizeof text), "signal -1");
}

static void test_needs(void **state)
{
    (void)state;
    static char name[] = "big";
    struct scenario scenario = {.name = name};
    struct needs needs;
    struct failure failure = FAILURE_INIT;
    scenario.load.clients = 10000;
    scenario.load.threads = 16;
    assert_int_equal(needs_within(&needs, &scenario, 20000, &failure), 0);
    assert_true(needs.worker_descriptors > 10000 && needs.worker_limit <= 20000);
    assert_true(needs.target_descriptors > 10000 && needs.target_limit <= 20000);
    assert_int_equal(needs_within(&needs, &scenario, UINT64_MAX, &failure), 0);
    assert_true(needs.worker_limit >= 2 * needs.worker_descriptors);
    assert_int_equal(needs_within(&needs, &scenario, 9999, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_ENVIRONMENT);
    assert_non_null(strstr(failure.text, "9999"));
    scenario.target.kind = TARGET_ADDRESS;
    assert_int_equal(needs_within(&needs, &scenario, 20000, &failure), 0);
    assert_int_equal(needs.target_descriptors, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_grandchildren_die_too),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_signal_names),
        cmocka_unit_test(test_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
