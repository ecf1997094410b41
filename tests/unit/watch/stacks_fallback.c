/* SPDX-License-Identifier: MIT
 *
 * Last words: an untraced program dies and tells of it itself; and records that a broken worker has
 * scribbled over are read without harm.
 */
#include "tests/unit/watch/programs/tracing.h"

#include "harness/base/prf.h"
#include "harness/base/shared_memory.h"
#include "harness/watch/stacks_fallback.h"

static struct shared_memory memory = SHARED_MEMORY_INIT;

static int build_all(void **state)
{
    struct failure failure = FAILURE_INIT;
    int result = tracing_begin(state);
    if (result == 0) {
        result = shared_memory_create(&memory, "last words", sizeof(struct last_words), &failure);
        build("words", "gcc -O0 -DLAST_WORDS harness/worker/last_words.c harness/base/failure.c "
                       "-D_GNU_SOURCE");
    }
    return result;
}

static int end_all(void **state)
{
    shared_memory_release(&memory);
    return tracing_end(state);
}

static struct last_words *die(const char *way, int signal)
{
    memset(memory.memory, 0, memory.size);
    pid_t pid = start("words", way, -1, memory.fd, NULL);
    int status = reap(pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal);
    return memory.memory;
}

static void tells_the_faulting_stack(void **state)
{
    (void)state;
    static const struct {
        const char *way;
        int signal;
        int code;
        const char *function;
        const char *outer;
    } deaths[] = {
        {"segv", SIGSEGV, SEGV_MAPERR, "write_through", "_start"},
        {"fpe", SIGFPE, FPE_INTDIV, "fpe", "main"},
        {"bus", SIGBUS, BUS_ADRERR, "bus", "main"},
        {"aborts", SIGABRT, SI_TKILL, "aborts", "main"},
        {"double_free", SIGABRT, SI_TKILL, "double_free", "main"},
        {"jump", SIGSEGV, SEGV_MAPERR, "call_through", "main"},
        {"overflow", SIGSEGV, SEGV_MAPERR, "recurse", "recurse"},
        {"crowd", SIGSEGV, SEGV_MAPERR, "write_through", "crashing_thread"},
        {"all_crash", SIGSEGV, SEGV_MAPERR, "write_through", "crash_at_once"},
        {"main_ended", SIGSEGV, SEGV_MAPERR, "write_through", "slow_crash"},
    };
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        print_message("  %s\n", deaths[i].way);
        const struct last_words *words = die(deaths[i].way, deaths[i].signal);
        assert_int_equal(words->state, LAST_WORDS_COMPLETE);
        assert_true(stacks_from_last_words(words, 7, tracing.symbols, &stacks));
        assert_int_equal(stacks.source, STACK_SOURCE_LAST_WORDS);
        assert_int_equal(stacks.count, 1);
        assert_int_equal(stacks.signal.number, deaths[i].signal);
        assert_int_equal(stacks.signal.code, deaths[i].code);
        assert_int_equal(stacks.signal.has_address, deaths[i].code > 0);
        assert_true(strlen(stacks.note) > 0);
        const struct stack *stack = &stacks.threads[0];
        assert_true(stack->quality >= STACK_FAIR);
        const struct stack_frame *frame = frame_of(stack, deaths[i].function);
        assert_non_null(frame);
        assert_non_null(strstr(frame->file, CRASH_SOURCE));
        assert_int_equal(strlen(frame->build_id), 40);
        assert_non_null(frame_of(stack, deaths[i].outer));
        thread_stacks_release(&stacks);
    }
}

static void has_none_without_a_death(void **state)
{
    (void)state;
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    memset(memory.memory, 0, memory.size);
    int status = reap(start("words", "handled", -1, memory.fd, NULL));
    assert_int_equal(status, 0);
    assert_false(stacks_from_last_words(memory.memory, 7, tracing.symbols, &stacks));
    (void)die("killed", SIGKILL);
    assert_false(stacks_from_last_words(memory.memory, 7, tracing.symbols, &stacks));
    assert_int_equal(stacks.count, 0);
}

static void survives_scribbles(void **state)
{
    (void)state;
    static struct last_words good;
    static struct last_words bad;
    memcpy(&good, die("segv", SIGSEGV), sizeof good);
    for (uint64_t round = 0; round < 300; round++) {
        struct thread_stacks stacks = THREAD_STACKS_INIT;
        memcpy(&bad, &good, sizeof bad);
        unsigned char *bytes = (unsigned char *)&bad;
        /* The head with its numbers, then the start of the maps, which is its lines. */
        for (uint64_t i = 0; i < 40; i++) {
            uint64_t number = prf(1, round, i, 0, 0);
            size_t head = offsetof(struct last_words, maps);
            bytes[number % (i < 20 ? head : head + 4096)] = (unsigned char)(number >> 32);
        }
        if (stacks_from_last_words(&bad, 7, tracing.symbols, &stacks)) {
            assert_true(stacks.threads[0].count <= STACK_FRAMES);
            assert_true(strlen(stacks.threads[0].name) < sizeof stacks.threads[0].name);
        }
        thread_stacks_release(&stacks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_faulting_stack),
        cmocka_unit_test(has_none_without_a_death),
        cmocka_unit_test(survives_scribbles),
    };
    return cmocka_run_group_tests(tests, build_all, end_all);
}
