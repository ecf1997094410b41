/* SPDX-License-Identifier: MIT
 *
 * The texts of programs that abort themselves: those of glibc 2.36 and of its older assertions, C++
 * and libraries; and texts that only look alike.
 */
#include "harness/watch/abort_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    const char *stderr_text;
    enum abort_kind kind;
    const char *text;
};

static const struct sample samples[] = {
    {"free(): double free detected in tcache 2\n", ABORT_HEAP_CORRUPTION,
     "free(): double free detected in tcache 2"},
    {"free(): invalid pointer\n", ABORT_HEAP_CORRUPTION, "free(): invalid pointer"},
    {"double free or corruption (!prev)\n", ABORT_HEAP_CORRUPTION,
     "double free or corruption (!prev)"},
    {"malloc(): corrupted top size", ABORT_HEAP_CORRUPTION, "malloc(): corrupted top size"},
    {"malloc(): invalid size (unsorted)\n", ABORT_HEAP_CORRUPTION,
     "malloc(): invalid size (unsorted)"},
    {"munmap_chunk(): invalid pointer\n", ABORT_HEAP_CORRUPTION, "munmap_chunk(): invalid pointer"},
    {"realloc(): invalid next size\n", ABORT_HEAP_CORRUPTION, "realloc(): invalid next size"},
    {"corrupted size vs. prev_size while consolidating\n", ABORT_HEAP_CORRUPTION,
     "corrupted size vs. prev_size while consolidating"},
    {"corrupted double-linked list (not small)\n", ABORT_HEAP_CORRUPTION,
     "corrupted double-linked list (not small)"},
    {"Fatal glibc error: malloc.c:4302 (_int_malloc): assertion failed: (unsigned long) (size) >= "
     "(unsigned long) (nb)\n",
     ABORT_HEAP_CORRUPTION,
     "Fatal glibc error: malloc.c:4302 (_int_malloc): assertion failed: (unsigned long) (size) >= "
     "(unsigned long) (nb)"},
    {"a.out: malloc.c:2379: sysmalloc: Assertion `(old_top == initial_top (av))' failed.\n",
     ABORT_HEAP_CORRUPTION, "Assertion `(old_top == initial_top (av))' failed."},
    {"*** stack smashing detected ***: terminated\n", ABORT_STACK_SMASHED,
     "*** stack smashing detected ***: terminated"},
    {"*** buffer overflow detected ***: terminated\n", ABORT_BUFFER_OVERFLOW,
     "*** buffer overflow detected ***: terminated"},
    {"worker: src/pool.c:41: pool_take: Assertion `pool->used > 0' failed.\n", ABORT_ASSERTION,
     "Assertion `pool->used > 0' failed."},
    {"Fatal glibc error: tpp.c:83 (__pthread_tpp_change_priority): assertion failed: new_prio == "
     "-1\n",
     ABORT_ASSERTION,
     "Fatal glibc error: tpp.c:83 (__pthread_tpp_change_priority): assertion failed: new_prio == "
     "-1"},
    {"terminate called after throwing an instance of 'std::runtime_error'\n  what():  no more\n",
     ABORT_EXCEPTION,
     "terminate called after throwing an instance of 'std::runtime_error': no more"},
    {"terminate called without an active exception\n", ABORT_EXCEPTION,
     "terminate called without an active exception"},
    {"crypto/bio/bio.c:12: OpenSSL internal error: refcount error\n", ABORT_FATAL,
     "OpenSSL internal error: refcount error"},
    {"free(): invalid size\nand the last words", ABORT_HEAP_CORRUPTION, "free(): invalid size"},
    {"free(): invalid pointer\nmalloc(): corrupted top size\n", ABORT_HEAP_CORRUPTION,
     "malloc(): corrupted top size"},
    {"", ABORT_NONE, ""},
    {"free to go\nassertion holds\nAssertion of nothing\n", ABORT_NONE, ""},
    {"handle_free() called, corruption none\n", ABORT_NONE, ""},
    {"conn_free(): releasing 3 buffers\n", ABORT_NONE, ""},
    {"free(): 12 bytes back to the pool\n", ABORT_NONE, ""},
    {"free(): invalid pointers are refused\n", ABORT_NONE, ""},
    {"log: free(): invalid pointer\n", ABORT_NONE, ""},
    {"a.out: x.c:3: take: Assertion `retry' failed. going on\n", ABORT_NONE, ""},
    {"test \"x\": Assertion `retry' failed.\n", ABORT_NONE, ""},
    {"*** stack smashing detected ***: by our own check\n", ABORT_NONE, ""},
    {"Fatal glibc error: malloc assertion failure in sysmalloc: (old_top == initial_top (av))\n",
     ABORT_HEAP_CORRUPTION,
     "Fatal glibc error: malloc assertion failure in sysmalloc: (old_top == initial_top (av))"},
};

static void knows_each_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct abort_text found;
        bool any = abort_text_find(samples[i].stderr_text, strlen(samples[i].stderr_text),
                                   ABORT_BY_UNKNOWN, &found);
        assert_int_equal(any, samples[i].kind != ABORT_NONE);
        assert_string_equal(abort_kind_name(found.kind), abort_kind_name(samples[i].kind));
        assert_string_equal(found.text, samples[i].text);
    }
}

static void tells_where_an_assertion_stands(void **state)
{
    (void)state;
    struct abort_text found;
    static const char c[] = "a b: dir/x.c:41: pool_take: Assertion `n > 0' failed.\n";
    assert_true(abort_text_find(c, sizeof c - 1, ABORT_BY_UNKNOWN, &found));
    assert_string_equal(found.file, "dir/x.c");
    assert_int_equal(found.line, 41);
    assert_string_equal(found.function, "pool_take");
    static const char cpp[] =
        "p: /x/y.cpp:7: void ns::T<int>::f(int, char): Assertion `p' failed.\n";
    assert_true(abort_text_find(cpp, sizeof cpp - 1, ABORT_BY_UNKNOWN, &found));
    assert_string_equal(found.file, "/x/y.cpp");
    assert_int_equal(found.line, 7);
    assert_string_equal(found.function, "void ns::T<int>::f(int, char)");
    static const char glibc[] = "Fatal glibc error: tpp.c:83 (change): assertion failed: a (b)\n";
    assert_true(abort_text_find(glibc, sizeof glibc - 1, ABORT_BY_UNKNOWN, &found));
    assert_string_equal(found.file, "tpp.c");
    assert_int_equal(found.line, 83);
    assert_string_equal(found.function, "change");
    static const char broken[] = "Assertion `x' failed.: Assertion `y' failed.";
    assert_false(abort_text_find(broken, sizeof broken - 1, ABORT_BY_UNKNOWN, &found));
    assert_string_equal(found.file, "");
}

struct said {
    const char *text;
    enum abort_caller caller;
    enum abort_kind kind;
};

static const struct said said[] = {
    {"free(): invalid size\n", ABORT_BY_LIBC, ABORT_HEAP_CORRUPTION},
    {"connecting... free(): invalid size\n", ABORT_BY_LIBC, ABORT_HEAP_CORRUPTION},
    {"connecting... free(): invalid size\n", ABORT_BY_UNKNOWN, ABORT_NONE},
    {"free(): invalid size\n", ABORT_BY_CLIENT, ABORT_NONE},
    {"free(): invalid size\n", ABORT_BY_ASSERTION, ABORT_NONE},
    {"free(): invalid size\n", ABORT_BY_LIBRARY, ABORT_NONE},
    {"a: x.c:3: f: Assertion `x' failed.\n", ABORT_BY_ASSERTION, ABORT_ASSERTION},
    {"a: x.c:3: f: Assertion `x' failed.\n", ABORT_BY_CLIENT, ABORT_NONE},
    {"a: x.c:3: f: Assertion `x' failed.\n", ABORT_BY_LIBC, ABORT_NONE},
    {"a: x.c:3: f: Assertion `x' failed.\nfree(): invalid size\n", ABORT_BY_ASSERTION,
     ABORT_ASSERTION},
    {"a: malloc.c:3: f: Assertion `x' failed.\n", ABORT_BY_LIBC, ABORT_HEAP_CORRUPTION},
    {"*** stack smashing detected ***: terminated\n", ABORT_BY_LIBC, ABORT_STACK_SMASHED},
    {"*** buffer overflow detected ***: terminated\n", ABORT_BY_LIBC, ABORT_BUFFER_OVERFLOW},
    {"*** buffer overflow detected ***: terminated\n", ABORT_BY_CLIENT, ABORT_NONE},
    {"terminate called without an active exception\n", ABORT_BY_LIBRARY, ABORT_EXCEPTION},
    {"terminate called without an active exception\n", ABORT_BY_CLIENT, ABORT_NONE},
    {"a.c:2: OpenSSL internal error: x\n", ABORT_BY_LIBRARY, ABORT_FATAL},
    {"a.c:2: OpenSSL internal error: x\n", ABORT_BY_LIBC, ABORT_NONE},
    {"Fatal glibc error: rseq registration failed\n", ABORT_BY_LIBC, ABORT_FATAL},
    {"Fatal glibc error: rseq registration failed\n", ABORT_BY_LIBRARY, ABORT_NONE},
};

static void believes_only_who_called_abort(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        struct abort_text found;
        (void)abort_text_find(said[i].text, strlen(said[i].text), said[i].caller, &found);
        if (found.kind != said[i].kind) {
            fail_msg("row %zu: %s", i, abort_kind_name(found.kind));
        }
    }
}

/** Functions and modules of the frames, innermost first; NULL ends them. */
static enum abort_caller caller_of(const char *const (*frames)[2])
{
    struct stack stack = STACK_INIT;
    for (size_t i = 0; frames[i][1] != NULL; i++) {
        struct stack_frame frame = {.function = (char *)(uintptr_t)frames[i][0],
                                    .module = (char *)(uintptr_t)frames[i][1]};
        assert_int_equal(stack_add(&stack, &frame), 0);
    }
    stack_judge(&stack);
    enum abort_caller caller = abort_caller_of(&stack, "client.so");
    stack_release(&stack);
    return caller;
}

#define LIBC "/lib/libc.so.6"
#define CLIENT "/home/a/client.so"

static void tells_who_called_abort(void **state)
{
    static const char *const malloc_frames[][2] = {{"raise", LIBC}, {"abort", LIBC}, {NULL, LIBC},
                                                   {"free", LIBC},  {"f", CLIENT},   {0}};
    static const char *const assertion[][2] = {{"raise", LIBC}, {"abort", LIBC},
                                               {NULL, LIBC},    {"__assert_fail", LIBC},
                                               {"f", CLIENT},   {0}};
    static const char *const debug[][2] = {
        {"__GI_raise", LIBC},         {"__GI_abort", LIBC}, {"__assert_fail_base", LIBC},
        {"__GI___assert_fail", LIBC}, {"f", CLIENT},        {0}};
    static const char *const client[][2] = {
        {"raise", LIBC}, {"abort", LIBC}, {"f", CLIENT}, {"main", "/bin/x"}, {0}};
    static const char *const raised[][2] = {
        {"raise", LIBC}, {"f", CLIENT}, {"g", CLIENT}, {"main", "/bin/x"}, {0}};
    static const char *const library[][2] = {
        {"abort", LIBC}, {NULL, "/lib/libstdc++.so.6"}, {"f", CLIENT}, {0}};
    static const char *const within[][2] = {
        {"abort", LIBC}, {"OPENSSL_die", CLIENT}, {"f", CLIENT}, {0}};
    static const char *const linked[][2] = {
        {"abort", CLIENT}, {"__libc_message", CLIENT}, {"free", CLIENT}, {"f", CLIENT}, {0}};
    static const char *const lost[][2] = {{NULL, LIBC}, {NULL, LIBC}, {0}};
    (void)state;
    assert_int_equal(caller_of(malloc_frames), ABORT_BY_LIBC);
    assert_int_equal(caller_of(assertion), ABORT_BY_ASSERTION);
    assert_int_equal(caller_of(debug), ABORT_BY_ASSERTION);
    assert_int_equal(caller_of(client), ABORT_BY_CLIENT);
    assert_int_equal(caller_of(raised), ABORT_BY_CLIENT);
    assert_int_equal(caller_of(library), ABORT_BY_LIBRARY);
    assert_int_equal(caller_of(within), ABORT_BY_LIBRARY);
    assert_int_equal(caller_of(linked), ABORT_BY_LIBC);
    assert_int_equal(caller_of(lost), ABORT_BY_UNKNOWN);
    assert_int_equal(abort_caller_of(NULL, ""), ABORT_BY_UNKNOWN);
}

/** Cut anywhere, with bytes of any kind, it must stay within the text (the sanitizers look). */
static void survives_cut_and_binary_texts(void **state)
{
    (void)state;
    unsigned number = 1;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t length = strlen(samples[i].stderr_text);
        for (size_t cut = 0; cut <= length; cut++) {
            char *copy = malloc(cut + 1);
            struct abort_text found;
            memcpy(copy, samples[i].stderr_text, cut);
            (void)abort_text_find(copy, cut, ABORT_BY_UNKNOWN, &found);
            number = number * 1103515245U + 12345U;
            if (cut > 0) {
                copy[(number >> 8) % cut] = (char)(number >> 16);
            }
            (void)abort_text_find(copy, cut, ABORT_BY_UNKNOWN, &found);
            assert_true(strlen(found.text) < sizeof found.text);
            free(copy);
        }
    }
    char *longest = malloc(100000);
    memset(longest, 'x', 100000);
    struct abort_text found;
    assert_false(abort_text_find(longest, 100000, ABORT_BY_UNKNOWN, &found));
    memcpy(longest, "OpenSSL internal error: ", 24);
    assert_true(abort_text_find(longest, 100000, ABORT_BY_UNKNOWN, &found));
    assert_int_equal(strlen(found.text), sizeof found.text - 1);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_each_text),
        cmocka_unit_test(believes_only_who_called_abort),
        cmocka_unit_test(tells_who_called_abort),
        cmocka_unit_test(tells_where_an_assertion_stands),
        cmocka_unit_test(survives_cut_and_binary_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
