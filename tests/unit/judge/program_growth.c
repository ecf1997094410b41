/* SPDX-License-Identifier: MIT
 *
 * Which series of a foreign process are called growth.
 */
#include "harness/judge/program_growth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct program_sample samples[PROGRAM_SAMPLES];

static bool grows(uint32_t count, bool threads)
{
    struct program_growth growth;
    program_growth_judge(samples, count, threads, &growth);
    return growth.grows;
}

/* fds and threads as a function of the connections, 3 more in each sample. */
static void make(uint32_t count, uint32_t (*fds)(uint32_t connections))
{
    for (uint32_t i = 0; i < count; i++) {
        samples[i] = (struct program_sample){
            .time = i, .connections = 3 * i, .fds = fds(3 * i), .threads = 4};
    }
}

static uint32_t level(uint32_t connections)
{
    return 10 + connections % 2; /* one is open, or none */
}

static uint32_t leak(uint32_t connections)
{
    return 10 + connections + connections % 2;
}

static uint32_t slow_leak(uint32_t connections)
{
    return 10 + connections / 20;
}

static uint32_t pool(uint32_t connections)
{
    return 10 + (connections < 60 ? connections : 60);
}

static uint32_t one_step(uint32_t connections)
{
    return connections < 90 ? 10 : 30;
}

static void test_series(void **state)
{
    (void)state;
    make(60, level);
    assert_false(grows(60, false));
    make(60, leak);
    assert_true(grows(60, false));
    assert_false(grows(60, true));
    make(60, slow_leak);
    assert_true(grows(60, false));
    make(60, pool);
    assert_false(grows(60, false));
    make(60, one_step);
    assert_false(grows(60, false));
}

static void test_too_few_are_not_judged(void **state)
{
    (void)state;
    make(60, leak);
    assert_false(grows(0, false));
    assert_false(grows(9, false));
    for (uint32_t i = 0; i < 60; i++) {
        samples[i].connections = i / 10; /* six connections in all */
    }
    assert_false(grows(60, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_too_few_are_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
