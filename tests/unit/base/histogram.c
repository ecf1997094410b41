/* SPDX-License-Identifier: MIT
 *
 * The histogram keeps every count, and no quantile is off by more than a bucket's width.
 */
#include "harness/base/histogram.h"
#include "harness/base/prf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_buckets_are_in_order(void **state)
{
    (void)state;
    for (uint32_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
        uint64_t bound = histogram_upper_bound(i);
        assert_int_equal(histogram_bucket(bound), i);
        assert_int_equal(histogram_bucket(bound + 1), i + 1);
    }
    assert_int_equal(histogram_bucket(0), 0);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void test_width_is_bounded(void **state)
{
    (void)state;
    for (uint32_t i = 64; i + 1 < HISTOGRAM_BUCKETS; i++) {
        uint64_t width = histogram_upper_bound(i + 1) - histogram_upper_bound(i);
        assert_true(width * 64 <= histogram_upper_bound(i + 1) + 1);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_quantiles_against_sorting(void **state)
{
    (void)state;
    enum { N = 5000 };
    static struct histogram histogram;
    static uint64_t values[N];
    for (uint64_t i = 0; i < N; i++) {
        /* Spread over seven orders of magnitude, as latencies of faults and of loopback are. */
        uint64_t bits = prf(7, PRF_BODY, i, 0, 0);
        values[i] = (bits >> 32) >> (bits % 24);
        histogram_record(&histogram, values[i]);
    }
    qsort(values, N, sizeof values[0], compare);
    const double quantiles[] = {0.01, 0.5, 0.9, 0.99, 0.999, 1.0};
    for (size_t q = 0; q < sizeof quantiles / sizeof quantiles[0]; q++) {
        uint64_t rank = (uint64_t)(quantiles[q] * N + 0.999999);
        uint64_t exact = values[rank - 1];
        uint64_t got = histogram_quantile(&histogram, quantiles[q]);
        assert_true(got >= exact);
        assert_true(got - exact <= exact / 64 + 16);
    }
    assert_int_equal(histogram_quantile(&histogram, 1.0), values[N - 1]);
}

/* Within a bucket the quantile moves with the rank, where histogram_quantile stands still. */
static void test_interpolation(void **state)
{
    (void)state;
    static struct histogram histogram;
    for (uint64_t i = 0; i < 1000; i++) {
        histogram_record(&histogram, 1000000 + i * 1000);
    }
    for (int i = 1; i < 1000; i++) {
        double exact = 1000000.0 + i * 1000.0;
        double got = histogram_interpolate(&histogram, i / 1000.0);
        assert_true(got > exact - 1500 && got < exact + 1500);
        assert_true(got > histogram_interpolate(&histogram, (i - 0.5) / 1000.0));
    }
    assert_true(histogram_interpolate(&histogram, 1.0) == 1999000.0);
}

static void test_merge_adds(void **state)
{
    (void)state;
    static struct histogram all, parts[3], merged;
    for (uint64_t i = 0; i < 999; i++) {
        uint64_t value = prf(1, PRF_BODY, i, 0, 0) >> 30;
        histogram_record(&all, value);
        histogram_record(&parts[i % 3], value);
    }
    for (int i = 0; i < 3; i++) {
        histogram_merge(&merged, &parts[i]);
    }
    assert_memory_equal(&all, &merged, sizeof all);
}

static void test_empty_is_zero(void **state)
{
    (void)state;
    static const struct histogram empty;
    assert_int_equal(histogram_quantile(&empty, 0.99), 0);
    assert_true(histogram_interpolate(&empty, 0.99) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets_are_in_order),
        cmocka_unit_test(test_width_is_bounded),
        cmocka_unit_test(test_quantiles_against_sorting),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_merge_adds),
        cmocka_unit_test(test_empty_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
