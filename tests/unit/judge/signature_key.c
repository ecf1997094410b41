/* SPDX-License-Identifier: MIT
 *
 * The rules of signatures, one by one, on stacks made for each. How well they do on real crashes is
 * measured by `make signatures`.
 */
#include "harness/judge/signature_key.h"
#include "harness/judge/signature_class.h"
#include "harness/judge/signature_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "function@module" or "function@file.c" */
static struct stack make_stack(const char *const *frames)
{
    struct stack stack = STACK_INIT;
    for (size_t i = 0; frames[i] != NULL; i++) {
        char function[256];
        (void)snprintf(function, sizeof(function), "%s", frames[i]);
        char *at = strrchr(function, '@');
        *at = '\0';
        bool source = strstr(at + 1, ".c") != NULL;
        struct stack_frame frame = {
            .pc = 0x10000 + 16 * i,
            .module_address = source ? 0 : 0x100 + i,
            .function = *function != '\0' ? function : NULL,
            .file = source ? at + 1 : NULL,
            .module = source || at[1] == '\0' ? NULL : at + 1,
            .line = source ? 7 : 0,
        };
        assert_int_equal(stack_add(&stack, &frame), 0);
    }
    stack_judge(&stack);
    return stack;
}

static const char *const client_modules[] = {"/opt/libclient.so"};

static struct signature_key make_key(const char *what, const char *const *frames,
                                     const char *unique)
{
    struct stack stack = make_stack(frames);
    struct signature_stack stacks[] = {{"access", &stack}};
    struct signature_input input = {
        .kind = "crash",
        .what = what,
        .stacks = stacks,
        .count = 1,
        .client_modules = client_modules,
        .client_module_count = 1,
        .unique = unique,
    };
    struct signature_key key;
    signature_make(&input, &key);
    stack_release(&stack);
    return key;
}

static void expect_key(const char *const *frames, const char *expected)
{
    struct signature_key key = make_key("SIGSEGV", frames, NULL);
    assert_string_equal(key.key, expected);
    assert_int_equal(key.quality, SIGNATURE_GOOD);
    assert_int_equal(strlen(key.hash), 16);
}

#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_call_into_a_library_is_kept(void **state)
{
    (void)state;
    expect_key(FRAMES("@/lib/libssl.so.3", "SSL_read@/lib/libssl.so.3",
                      "h2_reader@/opt/libclient.so", "run@/opt/libclient.so"),
               "v3:crash:SIGSEGV:h2_reader|SSL_read");
    struct signature_key key =
        make_key("SIGSEGV", FRAMES("SSL_read@libssl.so.3", "h2_reader@libclient.so"), NULL);
    assert_int_equal(key.frame_count, 2);
    assert_string_equal(key.frames[0], "SSL_read");
    assert_string_equal(key.frames[1], "h2_reader");
}

static void aborting_is_skipped(void **state)
{
    (void)state;
    expect_key(FRAMES("__pthread_kill_implementation@libc.so.6", "__GI_raise@libc.so.6",
                      "__GI_abort@libc.so.6", "__libc_message@libc.so.6",
                      "malloc_printerr@libc.so.6", "_int_free@libc.so.6",
                      "__GI___libc_free@libc.so.6", "free_connection@libclient.so"),
               "v3:crash:SIGSEGV:free_connection|free");
}

static void names_alone_do_not_decide(void **state)
{
    (void)state;
    /* The client's own functions, with names that are like those of the lists. */
    const char *const names[] = {"free_connection", "abort_all",        "raise_error",
                                 "pool_get",        "operation_begin",  "message",
                                 "assert_fail",     "start_thread_pool"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char frame[128];
        char expected[128];
        (void)snprintf(frame, sizeof(frame), "%s@libclient.so", names[i]);
        (void)snprintf(expected, sizeof(expected), "v3:crash:SIGSEGV:%s", names[i]);
        expect_key(FRAMES(frame, "run@libclient.so"), expected);
        (void)snprintf(frame, sizeof(frame), "%s@src/conn.c", names[i]);
        expect_key(FRAMES(frame, "run@src/conn.c"), expected);
    }
    /* A folder of the client's may be called as one of the C library's. */
    expect_key(FRAMES("reader@io/reader.c", "run@io/run.c"), "v3:crash:SIGSEGV:reader");
}

static void sentinels_end_the_search(void **state)
{
    (void)state;
    struct signature_key key = make_key(
        "SIGSEGV",
        FRAMES("SSL_free@libssl.so.3", "operation_close@eighth-worker", "h2_reader@libclient.so"),
        "trial 1");
    assert_int_equal(key.quality, SIGNATURE_LOW);
    assert_null(strstr(key.key, "h2_reader"));
}

static void watched_calls_of_the_worker_are_skipped(void **state)
{
    (void)state;
    expect_key(FRAMES("__GI___close@libc.so.6", "close@eighth-worker", "h2_close@libclient.so"),
               "v3:crash:SIGSEGV:h2_close|close");
}

static void wrappers_are_passed(void **state)
{
    (void)state;
    expect_key(
        FRAMES("__GI___libc_free@libc.so.6", "xfree@libclient.so", "table_remove@libclient.so"),
        "v3:crash:SIGSEGV:table_remove|free");
    assert_true(signature_wraps("my_malloc", "malloc"));
    assert_false(signature_wraps("conn_free", "free"));
    assert_false(signature_wraps("free", "free"));
    assert_false(signature_wraps("xfree", ""));
}

static void builtins_are_shown_but_not_in_the_key(void **state)
{
    (void)state;
    expect_key(FRAMES("__memcpy_avx_unaligned_erms@libc.so.6", "frame_append@libclient.so"),
               "v3:crash:SIGSEGV:frame_append");
}

static struct signature_key key_of_object(const char *reader, const char *closer, const char *maker)
{
    struct stack access = make_stack(FRAMES(reader));
    struct stack freed = make_stack(FRAMES("__interceptor_free@libasan.so.8", closer));
    struct stack made = make_stack(FRAMES("__interceptor_malloc@libasan.so.8", maker));
    struct signature_stack stacks[] = {{"access", &access}, {"free", &freed}, {"alloc", &made}};
    struct signature_input input = {
        .kind = "asan", .what = "heap-use-after-free", .stacks = stacks, .count = 3};
    struct signature_key key;
    signature_make(&input, &key);
    stack_release(&access);
    stack_release(&freed);
    stack_release(&made);
    return key;
}

static void an_object_is_part_of_a_use_after_free(void **state)
{
    (void)state;
    struct signature_key one = key_of_object("next@a.c", "body_release@a.c", "body_new@a.c");
    struct signature_key other = key_of_object("next@a.c", "head_release@a.c", "head_new@a.c");
    struct signature_key third = key_of_object("write@a.c", "body_release@a.c", "body_new@a.c");
    assert_string_equal(one.key,
                        "v3:asan:heap-use-after-free:next/free=body_release/alloc=body_new");
    assert_false(signature_equal(&one, &other));
    assert_true(signature_related(&one, &other));
    assert_true(signature_related(&one, &third));
    assert_false(signature_related(&one, &one));
    assert_false(signature_related(&other, &third));
}

/* gcc's sanitizers write the last part of a name in C++, clang's the whole. */
static void an_object_in_cxx_has_one_key_for_all_compilers(void **state)
{
    (void)state;
    struct signature_key bare = key_of_object("take@src/t.cc", "drop@src/t.cc", "make@src/t.cc");
    struct signature_key whole =
        key_of_object("Table<int, long>::take(int) const@t.cc", "Table<int, long>::drop()@t.cc",
                      "(anonymous namespace)::make(long)@/home/build/t.cc");
    struct signature_key file = key_of_object("take@u.cc", "drop@u.cc", "make@u.cc");
    struct signature_key freed = key_of_object("take@t.cc", "lose@t.cc", "make@t.cc");
    assert_string_equal(bare.key,
                        "v3:asan:heap-use-after-free:take@t.cc/free=drop@t.cc/alloc=make@t.cc");
    assert_true(signature_equal(&bare, &whole));
    assert_false(signature_equal(&bare, &file));
    assert_false(signature_equal(&bare, &freed));
    /* One site alone says too little without its class. */
    assert_string_equal(make_key("SIGSEGV", FRAMES("Table<int>::take(int)@t.cc"), NULL).key,
                        "v3:crash:SIGSEGV:Table<int>::take");
}

static struct signature_key key_of_stacks(const char *const *access, const char *const *freed,
                                          const char *const *made, const char *unique)
{
    struct stack all[] = {make_stack(access), make_stack(freed), make_stack(made)};
    struct signature_stack stacks[] = {{"access", &all[0]}, {"free", &all[1]}, {"alloc", &all[2]}};
    struct signature_input input = {.kind = "asan",
                                    .what = "heap-use-after-free",
                                    .stacks = stacks,
                                    .count = 3,
                                    .client_modules = client_modules,
                                    .client_module_count = 1,
                                    .unique = unique};
    struct signature_key key;
    signature_make(&input, &key);
    for (size_t i = 0; i < 3; i++) {
        stack_release(&all[i]);
    }
    return key;
}

/* Fast unwinding loses its way in a library without frame pointers. */
static void stacks_that_break_off_in_a_library_leave_it_to_the_access(void **state)
{
    (void)state;
    const char *const *access = FRAMES("@libcrypto.so.3", "take@libclient.so", "run@libclient.so");
    const char *const *freed = FRAMES("__interceptor_free@libasan.so.8", "@libssl.so.3");
    const char *const *named = FRAMES("__interceptor_free@libasan.so.8", "BIO_free@libcrypto.so.3");
    const char *const *made = FRAMES("__interceptor_malloc@libasan.so.8", "@libssl.so.3");
    const char *const *stripped = FRAMES("__interceptor_free@libasan.so.8", "@libclient.so");
    struct signature_key one = key_of_stacks(access, freed, made, "trial 1");
    struct signature_key again = key_of_stacks(access, freed, made, "trial 2");
    struct signature_key other = key_of_stacks(access, named, made, "trial 3");
    assert_string_equal(one.key, "v3:asan:heap-use-after-free:take/free=?libssl.so.3+0x101/"
                                 "alloc=?libssl.so.3+0x101");
    assert_int_equal(one.quality, SIGNATURE_GOOD);
    assert_true(signature_equal(&one, &again));
    assert_non_null(strstr(other.key, "/free=?BIO_free/"));
    assert_false(signature_equal(&one, &other));
    assert_true(signature_related(&one, &other));
    /* Where the client itself has no names, or the access has no client, nothing is known. */
    assert_int_equal(key_of_stacks(access, stripped, made, "trial 4").quality, SIGNATURE_LOW);
    assert_int_equal(key_of_stacks(freed, freed, made, "trial 5").quality, SIGNATURE_LOW);
}

static struct signature_key key_of_leak(const char *const *made, const char *unique)
{
    struct stack alloc = make_stack(made);
    struct signature_stack stacks[] = {{"alloc", &alloc}};
    struct signature_input input = {.kind = "lsan",
                                    .what = "direct-leak",
                                    .stacks = stacks,
                                    .count = 1,
                                    .client_modules = client_modules,
                                    .client_module_count = 1,
                                    .unique = unique};
    struct signature_key key;
    signature_make(&input, &key);
    stack_release(&alloc);
    return key;
}

static void leaks_that_break_off_are_one_for_each_library(void **state)
{
    (void)state;
    struct signature_key one =
        key_of_leak(FRAMES("malloc@libasan.so.8", "SSL_new@libssl.so.3"), "trial 1");
    struct signature_key other =
        key_of_leak(FRAMES("calloc@libasan.so.8", "@libssl.so.3"), "trial 2");
    struct signature_key third =
        key_of_leak(FRAMES("malloc@libasan.so.8", "CRYPTO_zalloc@libcrypto.so.3"), "trial 3");
    assert_string_equal(one.key, "v3:lsan:direct-leak:?libssl.so.3");
    assert_int_equal(one.quality, SIGNATURE_LOW);
    assert_true(signature_equal(&one, &other));
    assert_false(signature_equal(&one, &third));
    struct signature_key whole = key_of_leak(
        FRAMES("malloc@libasan.so.8", "SSL_new@libssl.so.3", "start@libclient.so"), "trial 4");
    assert_string_equal(whole.key, "v3:lsan:direct-leak:start|SSL_new");
    struct signature_key stripped =
        key_of_leak(FRAMES("malloc@libasan.so.8", "@libclient.so"), "trial 5");
    assert_non_null(strstr(stripped.key, "trial 5"));
}

/* What one tool sees where the client waits in a library, another sees in a function that the
 * library calls; but all enter by the outermost function, and all may free by one. */
static void a_site_on_the_stack_of_an_access_is_a_link(void **state)
{
    (void)state;
    const char *const *access =
        FRAMES("socket_read@libclient.so", "BIO_read@libcrypto.so.3", "reading_read@libclient.so",
               "turn@libclient.so", "client_request@libclient.so", "request_run@eighth-worker");
    const char *const *freed = FRAMES("free@libasan.so.8", "release@libclient.so",
                                      "body_free@libclient.so", "client_close@libclient.so");
    const char *const *made = FRAMES("malloc@libasan.so.8", "allocate@libclient.so",
                                     "body_new@libclient.so", "client_open@libclient.so");
    const char *const *read = FRAMES("SSL_read_ex@libssl.so.3", "reading_read@libclient.so");
    const char *const *entry = FRAMES("client_request@libclient.so", "request_run@eighth-worker");
    const char *const *release = FRAMES("release@libclient.so", "head_free@libclient.so");
    struct signature_key use = key_of_stacks(access, freed, made, NULL);
    struct signature_key crash = make_key("SIGSEGV", read, NULL);
    struct signature_key at_entry = make_key("SIGSEGV", entry, NULL);
    struct signature_key in_release = make_key("SIGSEGV", release, NULL);
    assert_true(signature_related(&use, &crash));
    assert_true(signature_related(&crash, &use));
    assert_false(signature_related(&use, &at_entry));
    assert_false(signature_related(&use, &in_release));
}

static struct signature_key key_of_race(const char *one, const char *other)
{
    struct stack access = make_stack(FRAMES(one));
    struct stack previous = make_stack(FRAMES(other));
    struct signature_stack stacks[] = {{"access", &access}, {"previous access", &previous}};
    struct signature_input input = {
        .kind = "tsan", .what = "data-race", .stacks = stacks, .count = 2};
    struct signature_key key;
    signature_make(&input, &key);
    stack_release(&access);
    stack_release(&previous);
    return key;
}

static void a_race_is_the_same_from_both_sides(void **state)
{
    (void)state;
    struct signature_key one = key_of_race("add@a.c", "sum@a.c");
    struct signature_key other = key_of_race("sum@a.c", "add@a.c");
    struct signature_key twin = key_of_race("add@a.c", "reset@a.c");
    assert_string_equal(one.key, "v3:tsan:data-race:add+sum");
    assert_true(signature_equal(&one, &other));
    assert_false(signature_equal(&one, &twin));
    assert_true(signature_related(&one, &twin));
}

/* The crash, the use after free and the race of one bug are linked, not merged. */
static void one_bug_is_linked_across_tools(void **state)
{
    (void)state;
    struct signature_key crash =
        make_key("SIGSEGV", FRAMES("SSL_read@libssl.so.3", "h2_reader@libclient.so"), NULL);
    struct signature_key use = key_of_object("h2_reader@a.c", "h2_close@a.c", "h2_open@a.c");
    struct signature_key race = key_of_race("h2_close@a.c", "h2_reader@a.c");
    assert_true(signature_related(&crash, &use));
    assert_true(signature_related(&use, &race));
    assert_true(signature_related(&crash, &race));
    assert_false(signature_equal(&crash, &use));
}

/* Of a program. It calls everything, so what it calls is not related by that. */
static void main_of_the_client_is_a_frame(void **state)
{
    (void)state;
    struct signature_key one = make_key("SIGSEGV", FRAMES("main@libclient.so"), NULL);
    assert_int_equal(one.quality, SIGNATURE_GOOD);
    assert_string_equal(one.key, "v3:crash:SIGSEGV:main");
    one = make_key("SIGSEGV", FRAMES("load@libclient.so", "main@libclient.so"), NULL);
    struct signature_key other =
        make_key("SIGSEGV", FRAMES("save@libclient.so", "main@libclient.so"), NULL);
    assert_false(signature_equal(&one, &other));
    assert_false(signature_related(&one, &other));
}

/* What Rust itself does between the client's function and abort(3) is no part of a bug. */
static void the_library_of_rust_is_skipped(void **state)
{
    (void)state;
    static const char *const files[] = {"library/std/src/sys/pal/unix/mod.rs",
                                        "library/core/src/panicking.rs",
                                        "/rustc/59807616e1/library/std/src/rt.rs"};
    char name[SIGNATURE_NAME];
    struct stack_frame frame = {.function = "abort_internal", .module = "/opt/libclient.so"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        frame.file = (char *)(uintptr_t)files[i];
        assert_int_equal(signature_classify(&frame, client_modules, 1, name, sizeof name),
                         SIGNATURE_IRRELEVANT);
    }
    frame.file = (char *)(uintptr_t) "library/own/src/lib.rs";
    assert_int_equal(signature_classify(&frame, client_modules, 1, name, sizeof name),
                     SIGNATURE_CLIENT);
}

static void low_quality_never_merges(void **state)
{
    (void)state;
    const char *const *nameless = FRAMES("@libclient.so", "@libclient.so");
    struct signature_key one = make_key("SIGSEGV", nameless, "trial 1");
    struct signature_key other = make_key("SIGSEGV", nameless, "trial 2");
    assert_int_equal(one.quality, SIGNATURE_LOW);
    assert_non_null(strstr(one.key, "@libclient.so+0x100"));
    assert_false(signature_equal(&one, &other));
    one = make_key("SIGSEGV", FRAMES("main@program"), "trial 1");
    assert_int_equal(one.quality, SIGNATURE_LOW);
    struct signature_input empty = {.kind = "crash", .what = "SIGSEGV", .unique = "trial 3"};
    signature_make(&empty, &one);
    assert_int_equal(one.quality, SIGNATURE_LOW);
    assert_non_null(strstr(one.key, "trial 3"));
}

static void long_names_stay_apart(void **state)
{
    (void)state;
    char names[2][700];
    struct signature_key keys[2];
    for (int i = 0; i < 2; i++) {
        memset(names[i], 'n', 220);
        (void)snprintf(names[i] + 220, 32, "%d@libclient.so", i);
        keys[i] = make_key("SIGSEGV", FRAMES(names[i]), NULL);
    }
    assert_false(signature_equal(&keys[0], &keys[1]));
}

static void names_are_normal(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"read.constprop.0", "read"},
        {"read.isra.0.part.3.cold", "read"},
        {"read [clone .isra.0]", "read"},
        {"read.lto_priv.12", "read"},
        {"ns::T<int, a<b> >::take(int, b*) const", "ns::T<int,a<b>>::take"},
        {"(anonymous namespace)::drop(long*)", "drop"},
        {"std::__cxx11::basic_string<char>::size() const", "std::basic_string<char>::size"},
        {"operator new[](unsigned long)", "operator new[]"},
        {"T::operator()(int)", "T::operator()"},
        {"T::operator<(T const&)", "T::operator<"},
        {"f()::$_0::operator()(long*) const", "f()::$_0::operator()"},
        {"crate::reader::read::h0123456789abcdef", "crate::reader::read"},
        {"main.(*reader).read", "main.(*reader).read"},
        {"operator(", "operator"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[SIGNATURE_NAME];
        signature_name(names[i][0], name, sizeof(name));
        assert_string_equal(name, names[i][1]);
    }
    char name[64];
    signature_name_bare("ns::T<int,a::b>::take", name, sizeof(name));
    assert_string_equal(name, "take");
    signature_name_libc("__interceptor_free", name, sizeof(name));
    assert_string_equal(name, "free");
    signature_name_libc("__read_chk", name, sizeof(name));
    assert_string_equal(name, "read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_call_into_a_library_is_kept),
        cmocka_unit_test(aborting_is_skipped),
        cmocka_unit_test(names_alone_do_not_decide),
        cmocka_unit_test(sentinels_end_the_search),
        cmocka_unit_test(watched_calls_of_the_worker_are_skipped),
        cmocka_unit_test(wrappers_are_passed),
        cmocka_unit_test(builtins_are_shown_but_not_in_the_key),
        cmocka_unit_test(an_object_is_part_of_a_use_after_free),
        cmocka_unit_test(an_object_in_cxx_has_one_key_for_all_compilers),
        cmocka_unit_test(a_race_is_the_same_from_both_sides),
        cmocka_unit_test(one_bug_is_linked_across_tools),
        cmocka_unit_test(main_of_the_client_is_a_frame),
        cmocka_unit_test(the_library_of_rust_is_skipped),
        cmocka_unit_test(low_quality_never_merges),
        cmocka_unit_test(stacks_that_break_off_in_a_library_leave_it_to_the_access),
        cmocka_unit_test(leaks_that_break_off_are_one_for_each_library),
        cmocka_unit_test(a_site_on_the_stack_of_an_access_is_a_link),
        cmocka_unit_test(long_names_stay_apart),
        cmocka_unit_test(names_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
