/* SPDX-License-Identifier: MIT
 *
 * What counts and heaps say after a trial, from logbooks made by hand: leaks, and what is none.
 */
#include "harness/judge/leak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct logbook *book_of(void **state)
{
    struct shared_memory *shared = *state;
    return shared->memory;
}

static int make_logbook(void **state)
{
    static struct shared_memory shared;
    struct failure failure = FAILURE_INIT;
    shared = (struct shared_memory)SHARED_MEMORY_INIT;
    assert_int_equal(logbook_create(&shared, 1, &failure), 0);
    *state = &shared;
    return 0;
}

static int free_logbook(void **state)
{
    shared_memory_release(*state);
    return 0;
}

struct leak_row {
    struct resource_sample before, first, last, after; /* time is set by the test */
    const char *keys;                                  /* of the findings, each followed by ' ' */
    bool note;
};

#define SAMPLE(f, s, t, o) .fds = (f), .sockets = (s), .threads = (t), .ssl = (o)

static const struct leak_row leaks[] = {
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(6, 0, 9, 0)},
     {SAMPLE(6, 0, 9, 0)},
     {SAMPLE(5, 0, 1, 0)},
     "",
     false},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(6, 0, 9, 0)},
     {SAMPLE(6, 0, 9, 0)},
     {SAMPLE(6, 0, 1, 0)},
     "",
     true},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(6, 1, 9, 0)},
     {SAMPLE(6, 1, 9, 0)},
     {SAMPLE(6, 1, 1, 0)},
     "leak/sockets ",
     false},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(6, 0, 9, 0)},
     {SAMPLE(7, 0, 9, 0)},
     {SAMPLE(7, 0, 1, 0)},
     "",
     true},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(6, 0, 9, 0)},
     {SAMPLE(7, 1, 9, 0)},
     {SAMPLE(5, 0, 1, 0)},
     "",
     true},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(5, 0, 10, 0)},
     {SAMPLE(5, 0, 1, 0)},
     "",
     true},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(5, 0, 2, 0)},
     "leak/threads ",
     false},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(5, 0, 9, 1)},
     {SAMPLE(5, 0, 9, 50)},
     {SAMPLE(5, 0, 1, 0)},
     "",
     false},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(5, 0, 1, 1)},
     "leak/SSL ",
     false},
    {{SAMPLE(5, 0, 1, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(5, 0, 9, 0)},
     {SAMPLE(105, 0, 1, 0)},
     "leak/fds ",
     false}, /* one for each cycle: 100 cycles */
};

static void test_leaks(void **state)
{
    struct logbook *logbook = book_of(state);
    for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++) {
        struct finding_list list = {0};
        struct buffer notes = BUFFER_INIT;
        char keys[256] = "";
        logbook->before_init = leaks[i].before;
        logbook->after_cleanup = leaks[i].after;
        logbook->before_init.time = logbook->after_cleanup.time = 1;
        logbook->after_cleanup.cycles = 100;
        logbook->samples[0] = leaks[i].first;
        logbook->samples[1] = leaks[i].last;
        logbook->sample_count = 2;
        logbook->tls_observed = 1;
        leak_judge(logbook, NULL, 0, 0, &list, &notes);
        for (size_t f = 0; f < list.count; f++) {
            size_t length = strlen(keys);
            (void)snprintf(keys + length, sizeof keys - length, "%s ",
                           list.items[f]->signature.key);
        }
        if (strcmp(keys, leaks[i].keys) != 0 || (notes.length > 0) != leaks[i].note) {
            fail_msg("row %zu: \"%s\", expected \"%s\"; note: %s", i, keys, leaks[i].keys,
                     buffer_text(&notes));
        }
        buffer_clear(&notes);
        finding_list_clear(&list);
    }
}

/* Of `count` descriptors that stay, each was opened by another cycle: by which thread, where? */
static bool left_is_leak(struct logbook *logbook, uint32_t count, bool same_thread, bool same_place)
{
    struct finding_list list = {0};
    struct buffer notes = BUFFER_INIT;
    struct descriptor_left left[8];
    struct descriptor_evidence evidence = {.left = left, .left_count = count};
    memset(left, 0, sizeof left);
    logbook->surplus_count = count;
    for (uint32_t i = 0; i < count; i++) {
        left[i].fd = 10 + (int32_t)i;
        left[i].opened = (struct descriptor_moment){.operation = FLIGHT_OPEN,
                                                    .instance = i,
                                                    .tid = same_thread ? 7 : 7 + (int32_t)i,
                                                    .stack = same_place ? 1 : 1 + i};
        (void)snprintf(logbook->surplus[i], sizeof logbook->surplus[i], "fd %u: /dev/null", 10 + i);
    }
    logbook->before_init = (struct resource_sample){SAMPLE(5, 0, 1, 0), .time = 1};
    logbook->samples[0] = (struct resource_sample){SAMPLE(5 + count, 0, 9, 0)};
    logbook->sample_count = 1;
    logbook->after_cleanup =
        (struct resource_sample){SAMPLE(5 + count, 0, 1, 0), .time = 1, .cycles = 10000};
    leak_judge(logbook, &evidence, 0, 0, &list, &notes);
    bool leak = list.count > 0;
    assert_int_not_equal(leak, notes.length > 0);
    finding_list_clear(&list);
    buffer_clear(&notes);
    return leak;
}

static void test_left_in_one_round(void **state)
{
    assert_true(left_is_leak(book_of(state), 8, true, true));
    assert_true(left_is_leak(book_of(state), 2, true, true));
    assert_false(left_is_leak(book_of(state), 1, true, true));
    assert_false(left_is_leak(book_of(state), 4, false, true)); /* once for each thread */
    assert_false(left_is_leak(book_of(state), 4, true, false)); /* once at each place */
}

/* The heap at the end of each round and after the cleanup, in MiB. */
static bool heap_is_leak(struct logbook *logbook, const uint64_t *heap, uint32_t count,
                         uint64_t after)
{
    struct finding_list list = {0};
    struct buffer notes = BUFFER_INIT;
    logbook->before_init = (struct resource_sample){.time = 1, .heap = 1};
    logbook->after_cleanup = (struct resource_sample){.time = 1, .heap = after << 20};
    for (uint32_t i = 0; i < count; i++) {
        logbook->samples[i] =
            (struct resource_sample){.cycles = 100U * (i + 1), .heap = heap[i] << 20};
    }
    logbook->sample_count = count;
    leak_judge(logbook, NULL, 0, 0, &list, &notes);
    bool leak = list.count > 0;
    assert_int_not_equal(leak, notes.length > 0); /* judged, or the note says that it was not */
    finding_list_clear(&list);
    buffer_clear(&notes);
    return leak;
}

static void test_gross_heap(void **state)
{
    static const uint64_t steady[] = {50, 100, 150, 200, 250};
    static const uint64_t stops[] = {50, 100, 150, 200, 200};
    static const uint64_t slows[] = {50, 100, 150, 155, 160};
    static const uint64_t at_once[] = {250, 250, 250, 250, 250};
    assert_true(heap_is_leak(book_of(state), steady, 5, 249));
    assert_true(heap_is_leak(book_of(state), steady, 4, 200));
    assert_false(heap_is_leak(book_of(state), steady, 5, 4)); /* freed by the cleanup */
    assert_false(heap_is_leak(book_of(state), steady, 3, 150));
    assert_false(heap_is_leak(book_of(state), steady, 1, 50));
    assert_false(heap_is_leak(book_of(state), stops, 5, 200));
    assert_false(heap_is_leak(book_of(state), slows, 5, 160));
    assert_false(heap_is_leak(book_of(state), at_once, 5, 250));
}

static void test_leak_without_end_is_not_judged(void **state)
{
    struct logbook *logbook = book_of(state);
    struct finding_list list = {0};
    struct buffer notes = BUFFER_INIT;
    logbook->before_init.time = 1;
    logbook->after_cleanup.fds = 50;
    logbook->sample_count = UINT32_MAX; /* scribbled */
    leak_judge(logbook, NULL, 0, 0, &list, &notes);
    assert_int_equal(list.count, 0);
    logbook->after_cleanup.time = 1;
    logbook->surplus_count = UINT32_MAX;
    memset(logbook->surplus, 'x', sizeof logbook->surplus);
    leak_judge(logbook, NULL, 0, 0, &list, &notes);
    finding_list_clear(&list);
    buffer_clear(&notes);
}

#define WITH_LOGBOOK(test) cmocka_unit_test_setup_teardown(test, make_logbook, free_logbook)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOGBOOK(test_leaks),
        WITH_LOGBOOK(test_left_in_one_round),
        WITH_LOGBOOK(test_gross_heap),
        WITH_LOGBOOK(test_leak_without_end_is_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
