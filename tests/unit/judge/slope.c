/* SPDX-License-Identifier: MIT
 *
 * Heap series made by hand: leaks on which the slope must fire, and everything that grows without
 * being one.
 */
#include "harness/judge/slope.h"
#include "harness/base/prf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#define MOST 1000U
#define BASE 500000.0

enum shape {
    LINE,      /* a bytes per cycle */
    FULL_AT,   /* the same until cycle b, then no more */
    SATURATES, /* towards a * b, with the length b */
    JUMP,      /* a bytes once, at cycle b */
    STAIRS,    /* a bytes in every b-th cycle */
    SAW,       /* up to a bytes, back after every b cycles */
    START,     /* a bytes that are there from the second sample on */
    FALLS      /* from a bytes to none by cycle b */
};

struct row {
    const char *what;
    enum shape shape;
    double a, b;
    uint32_t samples;
    uint32_t every; /* cycles */
    double noise;   /* bytes, evenly up to this */
    bool leaks;
    bool levels_off;
};

static double shape_at(const struct row *row, double cycle)
{
    switch (row->shape) {
    case LINE:
        return row->a * cycle;
    case FULL_AT:
        return row->a * fmin(cycle, row->b);
    case SATURATES:
        return row->a * row->b * (1 - exp(-cycle / row->b));
    case JUMP:
        return cycle >= row->b ? row->a : 0;
    case STAIRS:
        return row->a * floor(cycle / row->b);
    case SAW:
        return row->a * fmod(cycle, row->b) / row->b;
    case START:
        return cycle > row->every ? row->a : 0;
    case FALLS:
        return row->a * fmax(0, 1 - cycle / row->b);
    }
    return 0;
}

static const struct row rows[] = {
    {"32 bytes per cycle", LINE, 32, 0, 100, 100, 0, true, false},
    {"the same with noise", LINE, 32, 0, 100, 100, 3000, true, false},
    {"the same with few samples", LINE, 32, 0, 26, 400, 500, true, false},
    {"the same with many samples", LINE, 32, 0, 1000, 10, 500, true, false},
    {"17 bytes per cycle", LINE, 17, 0, 100, 100, 0, true, false},
    {"a large buffer now and then", STAIRS, 65536, 1000, 100, 100, 100, true, false},
    {"16 bytes per cycle are allowed", LINE, 16, 0, 100, 100, 0, false, false},
    {"too few samples", LINE, 32, 0, 20, 500, 0, false, false},
    {"nothing but noise", LINE, 0, 0, 100, 100, 20000, false, false},
    {"10,000 entries, then 1000 cycles", FULL_AT, 208, 10000, 110, 100, 300, false, true},
    {"10,000 entries, then 2000 cycles", FULL_AT, 208, 10000, 120, 100, 300, false, true},
    {"10,000 entries, then 5000 cycles", FULL_AT, 208, 10000, 150, 100, 300, false, true},
    {"10,000 entries, then 10,000 cycles", FULL_AT, 208, 10000, 200, 100, 300, false, true},
    {"10,000 entries, then 50,000 cycles", FULL_AT, 208, 10000, 600, 100, 300, false, false},
    {"a cache of random keys", SATURATES, 208, 4000, 100, 100, 300, false, true},
    {"one table, half-way", JUMP, 1048576, 5000, 100, 100, 100, false, false},
    {"one table, late", JUMP, 1048576, 9000, 100, 100, 100, false, false},
    {"start-up memory", START, 1048576, 0, 100, 100, 100, false, false},
    {"a pool that is emptied", SAW, 100000, 700, 100, 100, 0, false, false},
    {"memory given back", FALLS, 1048576, 9000, 100, 100, 0, false, false},
};

static void fill(const struct row *row, struct resource_sample *samples)
{
    for (uint32_t i = 0; i < row->samples; i++) {
        uint64_t cycles = (uint64_t)(i + 1) * row->every;
        double noise = row->noise * prf_unit(prf(1, PRF_JITTER, i, row->samples, 0));
        samples[i].cycles = cycles;
        samples[i].threads = 1;
        samples[i].heap = (uint64_t)(BASE + shape_at(row, (double)cycles) + noise);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    struct resource_sample *samples = calloc(MOST, sizeof *samples);
    assert_non_null(samples);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slope slope;
        fill(&rows[i], samples);
        slope_judge(samples, rows[i].samples, &slope);
        if (slope.leaks != rows[i].leaks || slope.levels_off != rows[i].levels_off) {
            fail_msg("%s: leaks %d, levels off %d; %.1f bytes per cycle (%.1f to %.1f), p %.3g",
                     rows[i].what, slope.leaks, slope.levels_off, slope.bytes_per_cycle,
                     slope.interval.low, slope.interval.high, slope.p_rising);
        }
    }
    free(samples);
}

/* A leak must stay a leak whatever the noise; noise must not become one. */
static void test_error_rates(void **state)
{
    (void)state;
    unsigned missed = 0;
    unsigned false_alarms = 0;
    struct resource_sample samples[60] = {0};
    for (uint64_t seed = 0; seed < 500; seed++) {
        for (int leak = 0; leak < 2; leak++) {
            struct slope slope;
            for (uint32_t i = 0; i < 60; i++) {
                double noise = 6000 * prf_unit(prf(seed, PRF_JITTER, i, 0, 0));
                samples[i].cycles = (i + 1) * 100;
                samples[i].heap = (uint64_t)(BASE + noise + leak * 32.0 * 100 * i);
            }
            slope_judge(samples, 60, &slope);
            missed += leak == 1 && !slope.leaks;
            false_alarms += leak == 0 && slope.leaks;
        }
    }
    assert_in_range(missed, 0, 5);
    assert_int_equal(false_alarms, 0);
}

/* What malloc keeps for each thread must not count. */
static void test_caches_of_threads(void **state)
{
    (void)state;
    const struct row row = {"32 bytes per cycle", LINE, 32, 0, 100, 100, 0, true, false};
    struct resource_sample samples[100] = {0};
    struct slope slope;
    fill(&row, samples);
    for (uint32_t threads = 1; threads <= 64; threads += 63) {
        for (size_t i = 0; i < 100; i++) {
            samples[i].threads = threads;
        }
        slope_judge(samples, 100, &slope);
        assert_true(slope.judged);
        assert_int_equal(slope.leaks, threads == 1); /* 256 KB over 8000 cycles; 64 x 8 KiB */
    }
}

static void test_without_figures(void **state)
{
    (void)state;
    struct resource_sample samples[50] = {0};
    struct slope slope;
    for (uint32_t i = 0; i < 50; i++) {
        samples[i].cycles = 7; /* time stands still */
        samples[i].heap = 100 * (uint64_t)i + 1;
    }
    slope_judge(samples, 50, &slope);
    assert_true(slope.told);
    assert_false(slope.judged || slope.leaks);
    samples[3].heap = 0;
    slope_judge(samples, 50, &slope);
    assert_false(slope.told || slope.judged || slope.leaks);
    slope_judge(samples, 0, &slope);
    assert_false(slope.judged || slope.leaks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_error_rates),
        cmocka_unit_test(test_caches_of_threads),
        cmocka_unit_test(test_without_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
