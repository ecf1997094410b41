/* SPDX-License-Identifier: MIT
 *
 * Median, its interval, and values far away.
 */
#include "harness/judge/stat_sample.h"

#include "tests/unit/judge/stat_check.h"

static void median(void **state)
{
    (void)state;
    const double odd[] = {1, 5, 9};
    const double even[] = {1, 5, 6, 9};
    assert_near(stat_median_of_sorted(odd, 3), 5, 0);
    assert_near(stat_median_of_sorted(even, 4), 5.5, 0);
    assert_nan(stat_median_of_sorted(NULL, 0));
}

static void median_places(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, low, high;
    } rows[] = {{0, 0, 0},  {1, 0, 0},   {5, 0, 0},     {6, 1, 6},
                {10, 2, 9}, {20, 6, 15}, {100, 40, 61}, {1000, 469, 532}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stat_places places = stat_median_places(rows[i].n, 0.95);
        assert_int_equal(places.low, rows[i].low);
        assert_int_equal(places.high, rows[i].high);
    }
    assert_int_equal(stat_median_places(10, 1).low, 0);
    assert_int_equal(stat_median_places(10, NAN).low, 0);
    assert_int_equal(stat_median_places(UINT64_MAX, 0.95).low, 0);
}

static void median_interval(void **state)
{
    (void)state;
    const double values[] = {10, 3, 7, 1, 9, 2, 8, 4, 6, 5};
    struct stat_median got = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_median_interval(values, 10, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 5.5, 0);
    assert_interval(got.interval, 2, 9, 0);
    assert_int_equal(stat_median_interval(values, 5, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 7, 0);
    assert_interval(got.interval, -INFINITY, INFINITY, 0);
    assert_int_equal(stat_median_interval(NULL, 0, 0.95, &got, &failure), 0);
    assert_nan(got.estimate);
    const double wrong[] = {1, NAN};
    assert_int_equal(stat_median_interval(wrong, 2, 0.95, &got, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    assert_int_equal(stat_median_interval(values, 10, 0, &got, &failure), -1);
}

static void outliers(void **state)
{
    (void)state;
    const double values[] = {10, 11, 9, 10.5, 9.5, 40, 10, -50};
    bool flags[COUNT_OF(values)];
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_flag_outliers(values, COUNT_OF(values), flags, &failure), 2);
    assert_true(flags[5] && flags[7] && !flags[1]);
    const double equal[] = {4, 4, 4, 4, 5};
    assert_int_equal(stat_flag_outliers(equal, 5, flags, &failure), 1);
    assert_true(flags[4]);
    assert_int_equal(stat_flag_outliers(equal, 4, flags, &failure), 0);
    assert_int_equal(stat_flag_outliers(NULL, 0, flags, &failure), 0);
    /* median 0, MAD 1: the limit itself is not beyond the limit */
    const double at_limit[] = {-1, -1, -1, 0, 1, 1, 14.826};
    const double past_limit[] = {-1, -1, -1, 0, 1, 1, 14.827};
    assert_int_equal(stat_flag_outliers(at_limit, 7, flags, &failure), 0);
    assert_int_equal(stat_flag_outliers(past_limit, 7, flags, &failure), 1);
    const double wrong[] = {INFINITY};
    assert_int_equal(stat_flag_outliers(wrong, 1, flags, &failure), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median),
        cmocka_unit_test(median_places),
        cmocka_unit_test(median_interval),
        cmocka_unit_test(outliers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
