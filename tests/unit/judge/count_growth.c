/* SPDX-License-Identifier: MIT
 *
 * Which series of exact counts go on growing: leaks, and the pools that are none.
 */
#include "harness/judge/count_growth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MOST 64U

struct row {
    const char *what;
    uint32_t samples;
    /* At sample i, from 0: base + min(i / every, most), in steps of one. */
    uint32_t every;
    int64_t most;
    enum count_growth expected;
};

static const struct row rows[] = {
    {"nothing", 50, 100, 99, COUNT_STAYS},
    {"one in each round", 50, 1, 99, COUNT_GROWS},
    {"one in every fifth round", 50, 5, 99, COUNT_GROWS},
    {"one in every eighth round", 50, 8, 99, COUNT_GROWS},
    {"one late", 50, 40, 99, COUNT_STAYS},
    {"a pool that is full at 16 %", 50, 1, 8, COUNT_STAYS},
    {"a pool that is full at 50 %", 50, 3, 8, COUNT_STAYS},
    {"a pool that is full at 70 %", 50, 7, 5, COUNT_STAYS},
    {"a pool that is full at 80 %, in small steps", 50, 2, 20, COUNT_STAYS},
    {"a pool that still fills: nothing tells it from a leak", 50, 1, 48, COUNT_GROWS},
    {"four rounds", 4, 1, 99, COUNT_GROWS},
    {"four rounds, full after three", 4, 1, 2, COUNT_STAYS},
    {"three rounds", 3, 1, 99, COUNT_UNSURE},
    {"two rounds", 2, 1, 99, COUNT_UNSURE},
    {"two rounds, no growth", 2, 5, 99, COUNT_STAYS},
    {"one round", 1, 1, 99, COUNT_STAYS},
};

static void test_series(void **state)
{
    int64_t values[MOST];
    uint64_t cycles[MOST];
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const struct row *row = &rows[r];
        for (uint32_t i = 0; i < row->samples; i++) {
            int64_t steps = i / row->every;
            values[i] = 7 + (steps < row->most ? steps : row->most);
            cycles[i] = 20U * (i + 1);
        }
        enum count_growth found = count_growth_judge(values, cycles, row->samples);
        if (found != row->expected) {
            fail_msg("%s: %d, expected %d", row->what, found, row->expected);
        }
    }
    assert_int_equal(count_growth_judge(values, cycles, 0), COUNT_STAYS);
}

/* Connections beyond the pool come and go; only what goes beyond the highest ever is a step. */
static void test_ups_and_downs(void **state)
{
    int64_t values[40];
    uint64_t cycles[40];
    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        values[i] = 5 + (i % 4) + (i == 39);
        cycles[i] = i + 1;
    }
    assert_int_equal(count_growth_judge(values, cycles, 40), COUNT_STAYS);
    for (uint32_t i = 0; i < 40; i++) {
        values[i] += i / 4;
    }
    assert_int_equal(count_growth_judge(values, cycles, 40), COUNT_GROWS);
    for (uint32_t i = 0; i < 40; i++) {
        values[i] = 40 - (int64_t)i;
    }
    assert_int_equal(count_growth_judge(values, cycles, 40), COUNT_STAYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_ups_and_downs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
