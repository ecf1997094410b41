/* SPDX-License-Identifier: MIT
 *
 * Headlines, sites and signal words from hand-made evidence.
 */
#include "harness/judge/headline.h"
#include "harness/judge/signal_words.h"
#include "harness/judge/site.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CLIENT "libclient.so"

/* "function@module", innermost first, ended by NULL. */
static void fill(struct stack *stack, const char *const *frames)
{
    for (; *frames != NULL; frames++) {
        char function[64];
        char module[64];
        assert_int_equal(sscanf(*frames, "%63[^@]@%63s", function, module), 2);
        struct stack_frame frame = {.pc = 1, .function = function, .module = module};
        assert_int_equal(stack_add(stack, &frame), 0);
    }
    stack_judge(stack);
}

static const char *const reading[] = {
    "BIO_test_flags@/lib/libcrypto.so.3", "SSL_read@/lib/libssl.so.3",    "take@/x/libclient.so",
    "client_request@/x/libclient.so",     "request_run@/x/eighth-worker", NULL};
static const char *const closing[] = {"free@/lib/libc.so.6", "SSL_free@/lib/libssl.so.3",
                                      "client_close@/x/libclient.so", "close_run@/x/eighth-worker",
                                      NULL};

static const char *const freeing[] = {"free@/lib/libc.so.6", "client_free@/x/libclient.so",
                                      "operation_free@/x/eighth-worker", NULL};
static const char *const namesake[] = {"operation_free@/x/libclient.so",
                                       "worker_main@/x/eighth-worker", NULL};

static void test_operation_by_the_drivers_functions(void **state)
{
    (void)state;
    static const struct {
        const char *const *frames;
        enum flight_operation operation;
    } cases[] = {{reading, FLIGHT_REQUEST},
                 {closing, FLIGHT_CLOSE},
                 {freeing, FLIGHT_FREE},
                 {namesake, FLIGHT_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stack stack = STACK_INIT;
        fill(&stack, cases[i].frames);
        assert_int_equal(site_operation(&stack), cases[i].operation);
        stack_release(&stack);
    }
}

static void test_site_names_call_and_client(void **state)
{
    (void)state;
    struct stack stack = STACK_INIT;
    struct buffer text = BUFFER_INIT;
    struct site site;
    fill(&stack, reading);
    site_find(&stack, CLIENT, &site);
    site_tell(&site, &text);
    assert_string_equal(buffer_text(&text), "SSL_read (client frame take)");
    assert_ptr_equal(site.frame, &stack.frames[2]);
    assert_int_equal(site_operation(&stack), FLIGHT_REQUEST);
    assert_true(site_is_client(&stack.frames[2], CLIENT));
    assert_false(site_is_client(&stack.frames[1], CLIENT));
    assert_false(site_is_client(&stack.frames[2], ""));
    buffer_clear(&text);
    stack_release(&stack);
}

/* What the allocator's stacks show where they were walked by frame pointers. */
static void test_site_of_the_allocator(void **state)
{
    (void)state;
    static const char *const wrapped[] = {"free@libasan.so.8",         "release@libclient.so",
                                          "BIO_free@libcrypto.so.3",   "shut@libclient.so",
                                          "client_close@libclient.so", NULL};
    static const char *const direct[] = {"free@libasan.so.8", "client_close@libclient.so",
                                         "close_run@eighth-worker", NULL};
    static const char *const broken[] = {"free@libasan.so.8", "BIO_free@libcrypto.so.3", NULL};
    static const struct {
        const char *const *frames;
        const char *told;
    } cases[] = {
        {wrapped, "free (client frame release, called by shut)"},
        {direct, "free (client frame client_close)"},
        {broken, "BIO_free"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stack stack = STACK_INIT;
        struct buffer text = BUFFER_INIT;
        struct site site;
        fill(&stack, cases[i].frames);
        site_find(&stack, CLIENT, &site);
        site_tell(&site, &text);
        assert_string_equal(buffer_text(&text), cases[i].told);
        buffer_clear(&text);
        stack_release(&stack);
    }
}

/* A stripped library's own function, which it reached without a frame of one that is exported. */
static void test_site_in_a_nameless_function(void **state)
{
    (void)state;
    static const struct stack_frame frames[] = {
        {.pc = 1, .module = (char *)"/lib/libssl.so.3"},
        {.pc = 1, .function = (char *)"client_close", .module = (char *)"/x/libclient.so"},
    };
    struct stack stack = STACK_INIT;
    struct buffer text = BUFFER_INIT;
    struct site site;
    assert_int_equal(stack_add(&stack, &frames[0]), 0);
    assert_int_equal(stack_add(&stack, &frames[1]), 0);
    site_find(&stack, CLIENT, &site);
    site_tell(&site, &text);
    assert_string_equal(buffer_text(&text), "libssl.so.3 (client frame client_close)");
    buffer_clear(&text);
    stack_release(&stack);
}

static void test_site_of_an_empty_stack(void **state)
{
    (void)state;
    struct stack stack = STACK_INIT;
    struct buffer text = BUFFER_INIT;
    struct site site;
    site_find(&stack, CLIENT, &site);
    site_tell(&site, &text);
    assert_string_equal(buffer_text(&text), "an unknown place");
    assert_int_equal(site_operation(&stack), FLIGHT_NONE);
    buffer_clear(&text);
}

static struct sanitizer_stack *add(struct sanitizer_report *report, const char *role,
                                   const char *const *frames)
{
    struct sanitizer_stack *stack = sanitizer_report_add(report, role);
    assert_non_null(stack);
    fill(&stack->stack, frames);
    return stack;
}

static void test_use_after_free(void **state)
{
    (void)state;
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    struct sanitizer_report *report = sanitizer_log_add(&log, SANITIZER_ASAN, 0);
    struct buffer text = BUFFER_INIT;
    (void)snprintf(report->kind, sizeof report->kind, "heap-use-after-free");
    report->access = SANITIZER_READ;
    (void)add(report, "access", reading);
    (void)add(report, "free", closing);
    headline_of_report(report, CLIENT, &text);
    assert_string_equal(buffer_text(&text),
                        "heap-use-after-free: read in SSL_read (client frame take), freed in "
                        "SSL_free (client frame client_close)");
    buffer_clear(&text);
    for (uint32_t i = 0; i < report->count; i++) {
        (void)snprintf(report->stacks[i].stack.name, sizeof report->stacks[i].stack.name, "T3");
    }
    headline_of_report(report, CLIENT, &text);
    assert_null(strstr(buffer_text(&text), "another thread"));
    buffer_clear(&text);
    (void)snprintf(report->stacks[0].stack.name, sizeof report->stacks[0].stack.name, "T12");
    headline_of_report(report, CLIENT, &text);
    assert_non_null(strstr(buffer_text(&text), "(client frame client_close) by another thread"));
    buffer_clear(&text);
    sanitizer_log_release(&log);
}

/* What ASan calls a read, told apart by the innermost frame; the last one is one. */
static void test_segv(void **state)
{
    (void)state;
    static const struct {
        const struct stack_frame innermost;
        const char *told;
    } cases[] = {
        {{.pc = 0}, "SEGV: call to 0x0, by what was called in client_request"},
        {{.pc = 9000,
          .function = (char *)"__pthread_kill_implementation",
          .module = (char *)"/lib/libc.so.6"},
         "SEGV: sent by the client itself in client_request"},
        {{.pc = 9000, .function = (char *)"take", .module = (char *)"/x/" CLIENT},
         "SEGV: read at 0x3dc9 in take"},
    };
    const struct stack_frame caller = {
        .pc = 9000, .function = (char *)"client_request", .module = (char *)"/x/" CLIENT};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sanitizer_log log = SANITIZER_LOG_INIT;
        struct sanitizer_report *report = sanitizer_log_add(&log, SANITIZER_ASAN, 0);
        struct buffer text = BUFFER_INIT;
        (void)snprintf(report->kind, sizeof report->kind, "SEGV");
        report->access = SANITIZER_READ;
        report->has_address = true;
        report->address = 0x3dc9;
        struct sanitizer_stack *access = sanitizer_report_add(report, "access");
        assert_int_equal(stack_add(&access->stack, &cases[i].innermost), 0);
        assert_int_equal(stack_add(&access->stack, &caller), 0);
        headline_of_report(report, CLIENT, &text);
        assert_string_equal(buffer_text(&text), cases[i].told);
        buffer_clear(&text);
        sanitizer_log_release(&log);
    }
}

static void test_race(void **state)
{
    (void)state;
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    struct sanitizer_report *report = sanitizer_log_add(&log, SANITIZER_TSAN, 0);
    struct buffer text = BUFFER_INIT;
    (void)snprintf(report->kind, sizeof report->kind, "data-race");
    (void)snprintf(report->object, sizeof report->object,
                   "heap block of size 24 at 0x7b04 allocated by thread T1");
    add(report, "access", reading)->access = SANITIZER_READ;
    struct sanitizer_stack *other = add(report, "previous access", closing);
    other->access = SANITIZER_WRITE;
    (void)snprintf(other->locks, sizeof other->locks, "write M1");
    headline_of_report(report, CLIENT, &text);
    assert_string_equal(buffer_text(&text),
                        "data race on heap block of size 24: read in SSL_read (client frame take) "
                        "during request / write in SSL_free (client frame client_close) during "
                        "close holding write M1");
    buffer_clear(&text);
    sanitizer_log_release(&log);
}

/* What UBSan wrote of it, up to where the process ended. */
static void undefined(const char *log_text, const char *headline)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    struct buffer text = BUFFER_INIT;
    sanitizer_parse(log_text, strlen(log_text), &log);
    assert_int_equal(log.count, 1);
    headline_of_report(&log.reports[0], CLIENT, &text);
    assert_string_equal(buffer_text(&text), headline);
    buffer_clear(&text);
    sanitizer_log_release(&log);
}

static void test_undefined_behaviour(void **state)
{
    (void)state;
    undefined("/x/lru.c:72:17: runtime error: shift exponent 40 is too large\n"
              "    #0 0x55d6a0 in take /x/lru.c:72\n"
              "    #1 0x55d6b0 in main /x/main.c:7\n\n",
              "shift exponent 40 is too large in take");
    undefined("/x/lru.c:72:17: runtime error: shift exponent 40 is too large\n",
              "shift exponent 40 is too large at lru.c:72");
    undefined("<unknown>: runtime error: shift exponent 40 is too large\n",
              "shift exponent 40 is too large");
}

static void check_cause(struct stack_signal signal, const char *code, const char *cause)
{
    struct buffer text = BUFFER_INIT;
    signal_words_cause(&signal, 100, &text);
    assert_string_equal(signal_words_code(signal.number, signal.code), code);
    assert_string_equal(buffer_text(&text), cause);
    buffer_clear(&text);
}

static void test_causes(void **state)
{
    (void)state;
    check_cause((struct stack_signal){.number = SIGSEGV, .code = SEGV_MAPERR, .has_address = true},
                "SEGV_MAPERR", "nothing is mapped at 0x0, near NULL");
    check_cause((struct stack_signal){.number = SIGSEGV, .code = SI_KERNEL}, "SI_KERNEL",
                "an address that no pointer can have");
    check_cause((struct stack_signal){.number = SIGABRT, .code = SI_TKILL, .sender = 100},
                "SI_TKILL", "sent by the process itself");
    check_cause((struct stack_signal){.number = SIGTERM, .code = SI_USER, .sender = 7}, "SI_USER",
                "sent by another process");
    check_cause((struct stack_signal){.number = SIGSEGV, .code = 12345}, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operation_by_the_drivers_functions),
        cmocka_unit_test(test_site_names_call_and_client),
        cmocka_unit_test(test_site_in_a_nameless_function),
        cmocka_unit_test(test_site_of_the_allocator),
        cmocka_unit_test(test_site_of_an_empty_stack),
        cmocka_unit_test(test_use_after_free),
        cmocka_unit_test(test_segv),
        cmocka_unit_test(test_race),
        cmocka_unit_test(test_undefined_behaviour),
        cmocka_unit_test(test_causes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
