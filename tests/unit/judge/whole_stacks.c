/* SPDX-License-Identifier: MIT
 *
 * Stacks of a repetition complete a finding only where it is the same error.
 */
#include "harness/judge/whole_stacks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODULE "libclient.so"
#define KEY "v3:asan:heap-use-after-free:"
#define DRIVEN \
    "client_close@/x/" MODULE, "close_run@/x/eighth-worker", "start_thread@/lib/libc.so.6"

#define FRAMES 8

/* "function@module", innermost first, ended by NULL. */
static void fill(struct stack *stack, const char *const *frames)
{
    stack_init(stack);
    for (; *frames != NULL; frames++) {
        char function[64];
        char module[64];
        assert_int_equal(sscanf(*frames, "%63[^@]@%63s", function, module), 2);
        struct stack_frame frame = {.pc = 1, .function = function, .module = module};
        assert_int_equal(stack_add(stack, &frame), 0);
    }
}

static const char *const reading[] = {"take@/x/" MODULE, "request_run@/x/eighth-worker", NULL};
static const char *const writing[] = {"put@/x/" MODULE, "request_run@/x/eighth-worker", NULL};
static const char *const cut[] = {"free@/lib/libasan.so.8", "CRYPTO_free@/lib/libcrypto.so.3",
                                  "SSL_free@/lib/libssl.so.3", NULL};
static const char *const whole[] = {"free@/lib/libasan.so.8",
                                    "CRYPTO_free@/lib/libcrypto.so.3",
                                    "ssl_clear@/lib/libssl.so.3",
                                    "SSL_free@/lib/libssl.so.3",
                                    DRIVEN,
                                    NULL};
static const char *const another[] = {"free@/lib/libasan.so.8", "BIO_free@/lib/libcrypto.so.3",
                                      DRIVEN, NULL};

static const char *const called[] = {"free@/lib/libasan.so.8", "CRYPTO_free@/lib/libcrypto.so.3",
                                     NULL};

static struct finding *make(const char *key, const char *const *access, const char *const *freed)
{
    struct finding *finding = finding_new(FINDING_ASAN, key, "heap-use-after-free");
    struct stack stack;
    assert_non_null(finding);
    (void)snprintf(finding->module, sizeof finding->module, "%s", MODULE);
    fill(&stack, access);
    finding_add_stack(finding, "access, T1", WEIGHT_MATTERS, &stack);
    stack_release(&stack);
    fill(&stack, freed);
    finding_add_stack(finding, "free, T2", WEIGHT_MATTERS, &stack);
    stack_release(&stack);
    return finding;
}

static void test_where_a_stack_is_cut(void **state)
{
    (void)state;
    static const struct {
        const char *frames[FRAMES];
        bool cut;
    } cases[] = {
        {{"free@/lib/libasan.so.8", "SSL_free@/lib/libssl.so.3", NULL}, true},
        {{"free@/lib/libasan.so.8", "client_close@/x/" MODULE, NULL}, true},
        {{"free@/lib/libasan.so.8", "client_close@/x/" MODULE, "close_run@/x/eighth-worker", NULL},
         false},
        {{"free@/lib/libasan.so.8", "reap@/x/" MODULE, "start_thread@/lib/libc.so.6", NULL}, false},
        {{"reap@/x/" MODULE, "asan_thread_start@/lib/libasan.so.8", NULL}, false},
        {{NULL}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stack stack;
        fill(&stack, cases[i].frames);
        assert_int_equal(whole_stacks_is_cut(&stack), cases[i].cut);
        stack_release(&stack);
    }
}

static void test_the_same_error_completes_it(void **state)
{
    (void)state;
    struct finding *finding = make(KEY "take", reading, cut);
    struct finding *repeated = make(KEY "take;SSL_free", reading, whole);
    finding->trials = 2;
    assert_true(whole_stacks_wanted(finding));
    assert_false(whole_stacks_wanted(repeated));
    assert_true(whole_stacks_take(finding, repeated));
    assert_string_equal(finding->title,
                        "heap-use-after-free; freed in SSL_free (client frame client_close) during "
                        "close, as a repetition with slow unwinding shows");
    assert_string_equal(finding->stacks[1].title,
                        "free, T2 (from a repetition with slow unwinding)");
    assert_int_equal(finding->stacks[1].stack.count, 7);
    assert_string_equal(finding->stacks[0].title, "access, T1");
    assert_string_equal(finding->signature.key, KEY "take");
    assert_int_equal(finding->trials, 2);
    assert_non_null(strstr(finding->stacks_note, "the same error came back"));
    assert_false(whole_stacks_wanted(finding));
    assert_false(whole_stacks_take(finding, repeated));
    finding_free(finding);
    finding_free(repeated);
}

static void test_another_error_does_not(void **state)
{
    (void)state;
    struct finding *finding = make(KEY "take", reading, cut);
    struct finding *others[] = {
        make("v3:asan:double-free:take", reading, whole), /* of another kind */
        make(KEY "put", writing, whole),                  /* in another place */
        make(KEY "take", reading, another),               /* freed by another call */
        make(KEY "take", reading, cut),                   /* no more than is known */
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(whole_stacks_take(finding, others[i]));
        finding_free(others[i]);
    }
    assert_string_equal(finding->title, "heap-use-after-free");
    assert_string_equal(finding->stacks[1].title, "free, T2");
    assert_int_equal(finding->stacks[1].stack.count, 3);
    assert_string_equal(finding->stacks_note, "");
    finding_free(finding);
}

/* What called the allocator is known however early the stack ends. */
static void test_two_frames_are_certain(void **state)
{
    (void)state;
    struct finding *finding = make(KEY "take", reading, called);
    struct finding *other = make(KEY "take", reading, another);
    struct finding *same = make(KEY "take", reading, whole);
    assert_false(whole_stacks_take(finding, other));
    assert_true(whole_stacks_take(finding, same));
    finding_free(finding);
    finding_free(other);
    finding_free(same);
}

static void test_leaks_and_whole_errors_want_nothing(void **state)
{
    (void)state;
    struct finding *finding = make(KEY "take", reading, whole);
    assert_false(whole_stacks_wanted(finding));
    finding_free(finding);
    finding = make("v3:lsan:direct-leak:?libssl.so.3", reading, cut);
    finding->kind = FINDING_LSAN;
    assert_false(whole_stacks_wanted(finding));
    finding_free(finding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_a_stack_is_cut),
        cmocka_unit_test(test_the_same_error_completes_it),
        cmocka_unit_test(test_another_error_does_not),
        cmocka_unit_test(test_two_frames_are_certain),
        cmocka_unit_test(test_leaks_and_whole_errors_want_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
