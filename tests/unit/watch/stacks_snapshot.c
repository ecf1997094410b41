/* SPDX-License-Identifier: MIT
 *
 * Snapshots of living processes, traced or not, also under the sanitizers: they show where each
 * thread is, and the process lives on as before.
 */
#include "tests/unit/watch/programs/tracing.h"

#include <sys/ptrace.h>

static int build_all(void **state)
{
    int result = tracing_begin(state);
    if (result == 0) {
        build("plain", "gcc -O1");
        build("asan", "gcc -O1 -fsanitize=address");
        build("tsan", "gcc -O1 -fsanitize=thread");
    }
    return result;
}

static bool is_traced(pid_t pid)
{
    return shell("grep -q '^TracerPid:.0$' /proc/%d/status", (int)pid) != 0;
}

static void kill_untraced(pid_t pid)
{
    assert_false(is_traced(pid));
    (void)kill(pid, SIGKILL);
    assert_int_equal(reap(pid), SIGKILL);
}

/** Starts it and waits until so many threads have reached that function. */
static pid_t start_reached(const char *name, const char *way, const char *function, uint32_t wanted)
{
    pid_t pid = start_ready(name, way);
    uint64_t deadline = clock_now() + PATIENCE;
    for (uint32_t reached = 0; reached < wanted;) {
        struct failure failure = FAILURE_INIT;
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        assert_true(clock_now() < deadline);
        assert_int_equal(stacks_snapshot_of(pid, tracing.symbols, &stacks, &failure), STACKS_OK);
        reached = threads_in(&stacks, function);
        thread_stacks_release(&stacks);
    }
    return pid;
}

static void check_hang(const struct thread_stacks *stacks)
{
    assert_int_equal(stacks->signal.number, 0);
    assert_int_equal(stacks->missing, 0);
    assert_int_equal(threads_in(stacks, "blocked_in_lock"), 1);
    assert_int_equal(threads_in(stacks, "hang"), 1);
    assert_true(stacks->threads[0].quality >= STACK_FAIR);
}

static void shows_a_hang_in_each_flavor(void **state)
{
    (void)state;
    static const char *const programs[] = {"plain", "asan", "tsan"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct failure failure = FAILURE_INIT;
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        print_message("  %s\n", programs[i]);
        pid_t pid = start_reached(programs[i], "hang", "blocked_in_lock", 1);
        assert_int_equal(stacks_snapshot_of(pid, tracing.symbols, &stacks, &failure), STACKS_OK);
        check_hang(&stacks);
        thread_stacks_release(&stacks);
        kill_untraced(pid);
    }
}

static void shows_a_traced_process_again_and_again(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    struct stacks_tracer *tracer;
    pid_t pid = start_reached("plain", "hang", "blocked_in_lock", 1);
    assert_int_equal(stacks_attach(&tracer, tracing.symbols, pid, &failure), STACKS_OK);
    for (int i = 0; i < 20; i++) {
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        assert_int_equal(stacks_snapshot(tracer, &stacks, &failure), STACKS_OK);
        check_hang(&stacks);
        thread_stacks_release(&stacks);
    }
    (void)kill(pid, SIGKILL);
    assert_int_equal(follow(tracer, pid), SIGKILL);
    assert_null(stacks_of_death(tracer));
    struct thread_stacks none = THREAD_STACKS_INIT;
    assert_int_equal(stacks_snapshot(tracer, &none, &failure), STACKS_GONE);
    stacks_release(tracer);
}

/** Threads that start and end all the time neither block a snapshot nor get lost for long. */
static void stands_births_and_deaths_of_threads(void **state)
{
    (void)state;
    for (int traced = 0; traced < 2; traced++) {
        struct failure failure = FAILURE_INIT;
        struct stacks_tracer *tracer = NULL;
        pid_t pid = start_reached("plain", "churn", "births_and_deaths", 3);
        if (traced != 0) {
            assert_int_equal(stacks_attach(&tracer, tracing.symbols, pid, &failure), STACKS_OK);
        }
        for (int i = 0; i < 50; i++) {
            struct thread_stacks stacks = THREAD_STACKS_INIT;
            enum stacks_result result =
                tracer == NULL ? stacks_snapshot_of(pid, tracing.symbols, &stacks, &failure)
                               : stacks_snapshot(tracer, &stacks, &failure);
            assert_int_equal(result, STACKS_OK);
            assert_int_equal(stacks.missing, 0);
            assert_int_equal(threads_in(&stacks, "births_and_deaths"), 3);
            assert_int_equal(threads_in(&stacks, "churn"), 1);
            thread_stacks_release(&stacks);
            if (tracer != NULL) {
                assert_int_equal(stacks_poll(tracer), STACKS_RUNNING);
            }
        }
        stacks_release(tracer);
        kill_untraced(pid);
    }
}

/** Released while it lives, a process goes its own way. */
static void lets_go(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    struct stacks_tracer *tracer;
    pid_t pid = start_reached("plain", "churn", "births_and_deaths", 3);
    assert_int_equal(stacks_attach(&tracer, tracing.symbols, pid, &failure), STACKS_OK);
    assert_true(is_traced(pid));
    for (int i = 0; i < 100; i++) {
        await_signal();
        assert_int_equal(stacks_poll(tracer), STACKS_RUNNING);
    }
    stacks_release(tracer);
    kill_untraced(pid);
}

/** Stopped by SIGSTOP it stays stopped, can be shown, and goes on with SIGCONT. */
static void respects_a_stop(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    struct stacks_tracer *tracer;
    pid_t pid = start_traced("plain", "stops", -1, &tracer);
    uint64_t deadline = clock_now() + PATIENCE;
    for (uint32_t reached = 0; reached == 0;) {
        assert_true(clock_now() < deadline);
        assert_int_equal(stacks_poll(tracer), STACKS_RUNNING);
        assert_int_equal(stacks_snapshot(tracer, &stacks, &failure), STACKS_OK);
        reached = threads_in(&stacks, "stops");
        thread_stacks_release(&stacks);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stacks_poll(tracer), STACKS_RUNNING);
        assert_int_equal(stacks_snapshot(tracer, &stacks, &failure), STACKS_OK);
        assert_int_equal(threads_in(&stacks, "stops"), 1);
        thread_stacks_release(&stacks);
    }
    (void)kill(pid, SIGCONT);
    assert_int_equal(follow(tracer, pid), 9 << 8);
    stacks_release(tracer);
}

/** A tsan worker that is told to leave deadly signals alone is unwound as any other. */
static void tells_the_death_of_a_tsan_program(void **state)
{
    (void)state;
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    int status;
    (void)setenv("TSAN_OPTIONS", "handle_segv=0", 1);
    assert_true(trace("tsan", "crowd", &status, &stacks));
    (void)unsetenv("TSAN_OPTIONS");
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_non_null(frame_of(&stacks.threads[0], "crashing_thread"));
    assert_true(threads_in(&stacks, "blocked_in_poll") == 3);
    thread_stacks_release(&stacks);
}

static void says_when_it_is_refused_or_too_late(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    struct stacks_tracer *tracer;
    struct stacks_tracer *second;
    assert_int_equal(stacks_probe(&failure), STACKS_OK);
    pid_t pid = start_reached("plain", "hang", "blocked_in_lock", 1);
    /* A process has one tracer at most: another one is refused. */
    pid_t other = fork();
    assert_true(other >= 0);
    if (other == 0) {
        bool seized = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
        (void)raise(SIGSTOP);
        _exit(seized ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(other, &status, WUNTRACED), other);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(stacks_attach(&tracer, tracing.symbols, pid, &failure), STACKS_REFUSED);
    assert_non_null(strstr(failure.text, "not allow"));
    assert_null(tracer);
    assert_int_equal(stacks_snapshot_of(pid, tracing.symbols, &stacks, &failure), STACKS_REFUSED);
    (void)kill(other, SIGCONT);
    assert_int_equal(reap(other), 0);
    assert_int_equal(stacks_attach(&tracer, tracing.symbols, pid, &failure), STACKS_OK);
    (void)kill(pid, SIGKILL);
    assert_int_equal(follow(tracer, pid), SIGKILL);
    assert_int_equal(stacks_attach(&second, tracing.symbols, pid, &failure), STACKS_GONE);
    stacks_release(tracer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_hang_in_each_flavor),
        cmocka_unit_test(shows_a_traced_process_again_and_again),
        cmocka_unit_test(stands_births_and_deaths_of_threads),
        cmocka_unit_test(lets_go),
        cmocka_unit_test(respects_a_stop),
        cmocka_unit_test(tells_the_death_of_a_tsan_program),
        cmocka_unit_test(says_when_it_is_refused_or_too_late),
    };
    return cmocka_run_group_tests(tests, build_all, tracing_end);
}
