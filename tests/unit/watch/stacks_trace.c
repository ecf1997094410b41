/* SPDX-License-Identifier: MIT
 *
 * The tracer on real deaths: what it tells of each, that it leaves the wait status as it was, and
 * that it says nothing where nobody died of a signal.
 */
#include "tests/unit/watch/programs/tracing.h"

static int build_all(void **state)
{
    int result = tracing_begin(state);
    if (result == 0) {
        build("plain0", "gcc -O0");
        build("plain2", "gcc -O2");
    }
    return result;
}

struct death {
    const char *way;
    int signal;
    int code;
    const char *function;
};

static void tells_each_signal(void **state)
{
    (void)state;
    static const struct death deaths[] = {
        {"segv", SIGSEGV, SEGV_MAPERR, "segv"},
        {"fpe", SIGFPE, FPE_INTDIV, "fpe"},
        {"ill", SIGILL, ILL_ILLOPN, "ill"},
        {"bus", SIGBUS, BUS_ADRERR, "bus"},
        {"aborts", SIGABRT, SI_TKILL, "aborts"},
        {"double_free", SIGABRT, SI_TKILL, "double_free"},
        {"broken_pipe", SIGPIPE, SI_USER, "broken_pipe"},
        {"terminate_soon", SIGTERM, SI_USER, "terminate_soon"},
        {"reraised", SIGSEGV, SEGV_MAPERR, "reraised"},
        {"executes", SIGSEGV, SEGV_MAPERR, "segv"},
        {"thread_executes", SIGSEGV, SEGV_MAPERR, "segv"},
        {"all_crash", SIGSEGV, SEGV_MAPERR, "crash_at_once"},
        {"main_ended", SIGSEGV, SEGV_MAPERR, "slow_crash"},
        {"churn_segv", SIGSEGV, SEGV_MAPERR, "churn_segv"},
        {"overflow", SIGSEGV, SEGV_MAPERR, "recurse"},
        {"jump", SIGSEGV, SEGV_MAPERR, "call_through"},
    };
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        const struct death *death = &deaths[i];
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        int status;
        print_message("  %s\n", death->way);
        assert_true(trace("plain0", death->way, &status, &stacks));
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), death->signal);
        assert_int_equal(stacks.signal.number, death->signal);
        /* The processor decides between these two. */
        if (death->signal != SIGILL) {
            assert_int_equal(stacks.signal.code, death->code);
        }
        assert_int_equal(stacks.signal.has_address, death->code > 0);
        assert_int_equal(stacks.signal.tid, stacks.threads[0].tid);
        assert_int_equal(stacks.source, STACK_SOURCE_TRACER);
        assert_int_equal(stacks.missing, 0);
        assert_true(stacks.register_count > 16);
        assert_true(stacks.threads[0].quality >= STACK_FAIR);
        assert_non_null(frame_of(&stacks.threads[0], death->function));
        thread_stacks_release(&stacks);
    }
}

/** Names, lines, inlined frames, offsets and the build-id. */
static void expect_named_frames(const char *name)
{
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    int status;
    print_message("  %s\n", name);
    assert_true(trace(name, "segv", &status, &stacks));
    assert_int_equal(stacks.signal.address, 16);
    const struct stack *stack = &stacks.threads[0];
    assert_int_equal(stack->quality, STACK_GOOD);
    assert_false(stack->broken);
    const struct stack_frame *frames = stack->frames;
    assert_string_equal(frames[0].function, "write_through");
    assert_true(frames[0].inlined);
    assert_true(frames[0].exact);
    assert_int_equal(frames[0].line, marked_line("write"));
    assert_string_equal(frames[1].function, "deepest");
    assert_false(frames[1].inlined);
    assert_int_equal(frames[1].line, marked_line("inlined call"));
    assert_int_equal(frames[1].pc, frames[0].pc);
    assert_string_equal(frames[2].function, "deeper");
    assert_int_equal(frames[2].line, marked_line("call of deepest"));
    assert_false(frames[2].exact);
    assert_true(frames[2].offset > 0 && frames[2].offset < 256);
    for (uint32_t at = 0; at < 8; at++) {
        const char *file = frames[at].file;
        assert_non_null(strstr(file, CRASH_SOURCE));
        assert_string_equal(frames[at].module, program(name));
    }
    assert_non_null(frame_of(stack, "_start"));
    assert_int_equal(
        shell("readelf -n %s | grep -q 'Build ID: %s$'", program(name), frames[0].build_id),
        strlen(frames[0].build_id) == 40 ? 0 : -1);
    assert_int_equal(shell("test \"$(addr2line -f -e %s 0x%llx | head -1)\" = deeper",
                           program(name), (unsigned long long)frames[2].module_address),
                     0);
    thread_stacks_release(&stacks);
}

static void names_frames(void **state)
{
    (void)state;
    expect_named_frames("plain0");
    expect_named_frames("plain2");
}

/* It describes inlined frames in another way. */
static void names_frames_of_clang(void **state)
{
    (void)state;
    if (shell("command -v clang >/dev/null") != 0) {
        skip(); /* the tests do without it, CI has it */
    }
    build("clang1", "clang -O1");
    expect_named_frames("clang1");
}

/** A stripped program names its frames by a debug file that lies apart, and by none it has none. */
static void reads_separate_debug_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *compiler;
        bool linked;
    } rows[] = {{"linked", "gcc -O1", true}, {"bare", "gcc -O1 -fno-inline", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        int status;
        const char *name = rows[i].name;
        build(name, rows[i].compiler);
        assert_int_equal(shell("cd %s && objcopy --only-keep-debug %s apart.debug && strip %s",
                               tracing.folder, name, name),
                         0);
        assert_int_equal(shell("cd %s && mkdir -p .debug && mv apart.debug .debug/%s.debug",
                               tracing.folder, name),
                         0);
        if (rows[i].linked) {
            assert_int_equal(shell("cd %s && objcopy --add-gnu-debuglink=.debug/%s.debug %s",
                                   tracing.folder, name, name),
                             0);
        } else {
            assert_int_equal(shell("rm %s/.debug/%s.debug", tracing.folder, name), 0);
        }
        assert_true(trace(name, "segv", &status, &stacks));
        const struct stack_frame *deepest = frame_of(&stacks.threads[0], "deepest");
        assert_int_equal(deepest != NULL, rows[i].linked);
        assert_true(deepest == NULL || deepest->line == marked_line("inlined call"));
        assert_string_equal(stacks.threads[0].frames[0].module, program(name));
        thread_stacks_release(&stacks);
    }
}

static void follows_all_threads(void **state)
{
    (void)state;
    static const struct {
        const char *way;
        uint32_t threads;
    } crowds[] = {{"crowd", 8}, {"multitude", 200}};
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++) {
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        int status;
        uint32_t threads = crowds[i].threads;
        assert_true(trace("plain2", crowds[i].way, &status, &stacks));
        assert_int_equal(WTERMSIG(status), SIGSEGV);
        assert_int_equal(stacks.count, threads + 1);
        assert_int_equal(stacks.missing, 0);
        assert_string_equal(stacks.threads[0].name, "crasher");
        assert_non_null(frame_of(&stacks.threads[0], "crashing_thread"));
        /* The thread that crashed would have blocked in the third way. */
        assert_int_equal(threads_in(&stacks, "blocked_in_poll"), (threads + 2) / 3);
        assert_int_equal(threads_in(&stacks, "blocked_in_lock"), (threads + 1) / 3);
        assert_int_equal(threads_in(&stacks, "blocked_in_read"), threads / 3 - 1);
        assert_int_equal(threads_in(&stacks, "_start"), 1);
        for (uint32_t at = 0; at < stacks.count; at++) {
            assert_true(stacks.threads[at].quality >= STACK_FAIR);
            assert_ptr_equal(thread_stacks_find(&stacks, stacks.threads[at].tid),
                             &stacks.threads[at]);
        }
        thread_stacks_release(&stacks);
    }
}

/** A jump to nowhere hides no caller, and an endless recursion is cut. */
static void tells_odd_stacks(void **state)
{
    (void)state;
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    int status;
    assert_true(trace("plain2", "jump", &status, &stacks));
    assert_int_equal(stacks.threads[0].frames[0].pc, 0);
    assert_null(stacks.threads[0].frames[0].function);
    assert_string_equal(stacks.threads[0].frames[1].function, "call_through");
    assert_string_equal(stacks.threads[0].frames[2].function, "jump");
    thread_stacks_release(&stacks);
    assert_true(trace("plain0", "overflow", &status, &stacks));
    assert_int_equal(stacks.threads[0].count, STACK_FRAMES);
    assert_true(stacks.threads[0].truncated);
    assert_true(stacks.signal.has_address);
    thread_stacks_release(&stacks);
}

static void is_silent_without_a_death_by_signal(void **state)
{
    (void)state;
    static const struct {
        const char *way;
        int status;
    } lives[] = {
        {"fine", 3 << 8}, {"handled", 0}, {"pipe_ignored", 0},    {"child_dies", 0},
        {"spawns", 0},    {"killed", 9},  {"measure_threads", 0},
    };
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        struct stacks_tracer *tracer;
        print_message("  %s\n", lives[i].way);
        pid_t pid = start_traced("plain2", lives[i].way, null, &tracer);
        assert_int_equal(follow(tracer, pid), lives[i].status);
        assert_null(stacks_of_death(tracer));
        stacks_release(tracer);
    }
    (void)close(null);
}

/** Thousands of deaths leave nothing behind, and are fast. */
static void does_not_grow(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { DEATHS = 50, WARM = 10 };
#else
    enum { DEATHS = 2000, WARM = 200 };
#endif
    static const char *const ways[] = {"segv", "double_free", "fpe", "crowd", "jump",
                                       "fine", "killed",      "ill", "bus"};
    enum { WAYS = sizeof ways / sizeof *ways };
    long warm = 0;
    for (int i = 0; i < DEATHS; i++) {
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        int status;
        const char *way = ways[i % WAYS];
        /* crowd waits for its threads */
        way = i % WAYS == 3 && i % 4 != 0 ? "segv" : way;
        bool any = trace("plain2", way, &status, &stacks);
        assert_int_equal(any, strcmp(way, "fine") != 0 && strcmp(way, "killed") != 0);
        assert_true(!any || stacks.threads[0].quality >= STACK_FAIR);
        thread_stacks_release(&stacks);
        if (i == WARM || i == DEATHS - 1) {
            long pages[2] = {0, 0};
            FILE *statm = fopen("/proc/self/statm", "re");
            assert_non_null(statm);
            assert_int_equal(fscanf(statm, "%ld %ld", &pages[0], &pages[1]), 2);
            (void)fclose(statm);
            warm = i == WARM ? pages[1] : pages[1] - warm;
        }
    }
    long growth = warm * sysconf(_SC_PAGESIZE);
    print_message("  growth %ld bytes in %d deaths\n", growth, DEATHS - WARM);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(growth < 256 * 1024);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_each_signal),
        cmocka_unit_test(names_frames),
        cmocka_unit_test(names_frames_of_clang),
        cmocka_unit_test(reads_separate_debug_files),
        cmocka_unit_test(follows_all_threads),
        cmocka_unit_test(tells_odd_stacks),
        cmocka_unit_test(is_silent_without_a_death_by_signal),
        cmocka_unit_test(does_not_grow),
    };
    return cmocka_run_group_tests(tests, build_all, tracing_end);
}
