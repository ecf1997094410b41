/* SPDX-License-Identifier: MIT
 *
 * Slopes and trends: worked examples, degenerate input, coverage and false alarms by simulation.
 */
#include "harness/judge/stat_trend.h"

#include "tests/unit/judge/stat_check.h"

static const double tenth_wild[] = {100, 102, 101, 105, 104, 108, 107, 111, 110, 250};
static const double ten[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static double least_squares(const double *x, const double *y, size_t n)
{
    double x_mean = 0;
    double y_mean = 0;
    double products = 0;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        x_mean += x[i] / (double)n;
        y_mean += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        products += (x[i] - x_mean) * (y[i] - y_mean);
        squares += (x[i] - x_mean) * (x[i] - x_mean);
    }
    return products / squares;
}

static void theil_sen(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 10, 12, 18};
    const double y[] = {9, 15, 19, 20, 45, 55, 78};
    struct stat_slope got = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_theil_sen(x, y, 7, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 4, 1e-12);
    assert_interval(got.interval, 3.714286, 4.375, 1e-6);
    assert_near(got.intercept, 6, 1e-12);
    assert_int_equal(got.pairs, 21);
    /* One wild point moves least squares, not this. */
    assert_int_equal(stat_theil_sen(ten, tenth_wild, 10, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 1.5, 1e-12);
    assert_interval(got.interval, 1.142857, 4, 1e-6);
    assert_near(least_squares(ten, tenth_wild, 10), 8.88, 0.005);
}

static void theil_sen_order_and_ties(void **state)
{
    (void)state;
    double x[10];
    double y[10];
    struct stat_slope got = {0};
    struct stat_slope shuffled = {0};
    for (size_t i = 0; i < 10; i++) {
        x[i] = ten[(i * 7 + 3) % 10];
        y[i] = tenth_wild[(i * 7 + 3) % 10];
    }
    assert_int_equal(stat_theil_sen(ten, tenth_wild, 10, 0.95, &got, NULL), 0);
    assert_int_equal(stat_theil_sen(x, y, 10, 0.95, &shuffled, NULL), 0);
    assert_near(shuffled.estimate, got.estimate, 0);
    assert_interval(shuffled.interval, got.interval.low, got.interval.high, 0);
    /* Points of equal x make no pair. */
    const double tied_x[] = {1, 1, 2, 2};
    const double tied_y[] = {0, 1, 2, 3};
    assert_int_equal(stat_theil_sen(tied_x, tied_y, 4, 0.95, &got, NULL), 0);
    assert_int_equal(got.pairs, 4);
    assert_near(got.estimate, 2, 0);
}

static void theil_sen_degenerate(void **state)
{
    (void)state;
    const double same_x[] = {2, 2, 2};
    const double wrong[] = {1, NAN, 3};
    struct stat_slope got = {0};
    struct failure failure = FAILURE_INIT;
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(stat_theil_sen(ten, ten, n, 0.95, &got, &failure), 0);
        assert_nan(got.estimate);
        assert_interval(got.interval, -INFINITY, INFINITY, 0);
    }
    assert_int_equal(stat_theil_sen(ten, ten, 3, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 1, 0);
    assert_near(got.intercept, 0, 0);
    assert_interval(got.interval, -INFINITY, INFINITY, 0);
    assert_int_equal(stat_theil_sen(same_x, ten, 3, 0.95, &got, &failure), 0);
    assert_nan(got.estimate);
    assert_int_equal(got.pairs, 0);
    assert_int_equal(stat_theil_sen(ten, wrong, 3, 0.95, &got, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    assert_int_equal(stat_theil_sen(wrong, ten, 3, 0.95, &got, &failure), -1);
    assert_int_equal(stat_theil_sen(ten, ten, 3, 1, &got, &failure), -1);
    assert_int_equal(stat_theil_sen(ten, ten, STAT_TREND_MAX + 1, 0.95, &got, &failure), -1);
}

static struct stat_mann_kendall kendall(const double *values, size_t n)
{
    struct stat_mann_kendall got = {0};
    assert_int_equal(stat_mann_kendall(values, n, &got, NULL), 0);
    return got;
}

static void mann_kendall(void **state)
{
    (void)state;
    struct stat_mann_kendall got = kendall(tenth_wild, 10);
    assert_int_equal(got.s, 37);
    assert_near(got.z, 3.219937887599697, 1e-9);
    assert_near(got.p_two_sided, 0.0012821837418053048, 1e-9);
    assert_near(got.p_rising, 0.0006410918709026524, 1e-9);
    const double tied[] = {1, 1, 2, 2, 2, 3, 5, 4, 4, 6, 7, 7};
    got = kendall(tied, 12);
    assert_int_equal(got.s, 56);
    assert_near(got.z, 3.8320315786038974, 1e-9);
    assert_near(got.p_two_sided, 0.00012708942131548878, 1e-9);
    const double falling[] = {5, 4, 4, 3, 1};
    got = kendall(falling, 5);
    assert_int_equal(got.s, -9);
    assert_near(got.z, -2.0211646105596457, 1e-9);
    assert_near(got.p_two_sided, 0.04326272780691066, 1e-9);
    assert_near(got.p_rising, 0.9942390051028167, 1e-9);
}

static void mann_kendall_degenerate(void **state)
{
    (void)state;
    const double equal[] = {3, 3, 3, 3};
    const double wrong[] = {1, INFINITY};
    struct stat_mann_kendall got = {0};
    struct failure failure = FAILURE_INIT;
    for (size_t n = 0; n <= 4; n++) {
        got = kendall(equal, n);
        assert_int_equal(got.s, 0);
        assert_near(got.z, 0, 0);
        assert_near(got.p_two_sided, 1, 0);
        assert_near(got.p_rising, 1, 0);
    }
    assert_int_equal(stat_mann_kendall(wrong, 2, &got, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    assert_int_equal(stat_mann_kendall(ten, STAT_TREND_MAX + 1, &got, &failure), -1);
}

/* Heap samples: true growth of 40 bytes a cycle under noise, then no growth at all. */
static void simulated_coverage(void **state)
{
    (void)state;
    enum { RUNS = 3000, N = 25 };
    int covered = 0;
    int alarms = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        double x[N];
        double growing[N];
        double steady[N];
        for (uint64_t i = 0; i < N; i++) {
            x[i] = (double)(i * 100);
            steady[i] = 1e6 + 8000 * sample_normal(run, i);
            growing[i] = steady[i] + 40 * x[i];
        }
        struct stat_slope slope = {0};
        assert_int_equal(stat_theil_sen(x, growing, N, 0.95, &slope, NULL), 0);
        covered += slope.interval.low <= 40 && 40 <= slope.interval.high;
        alarms += kendall(steady, N).p_two_sided < 0.05;
    }
    print_message("coverage at 0.95: Theil-Sen %.4f; false trends at 0.05: Mann-Kendall %.4f\n",
                  (double)covered / RUNS, (double)alarms / RUNS);
    assert_near((double)covered / RUNS, 0.95, 0.02);
    assert_near((double)alarms / RUNS, 0.05, 0.015);
}

/* The largest series stays within the promised work. */
static void largest(void **state)
{
    (void)state;
    double *x = calloc(2 * STAT_TREND_MAX, sizeof(*x));
    assert_non_null(x);
    double *y = x + STAT_TREND_MAX;
    for (uint64_t i = 0; i < STAT_TREND_MAX; i++) {
        x[i] = (double)i;
        y[i] = 0.01 * (double)i + sample_normal(9, i);
    }
    struct stat_slope slope = {0};
    assert_int_equal(stat_theil_sen(x, y, STAT_TREND_MAX, 0.95, &slope, NULL), 0);
    assert_near(slope.estimate, 0.01, 0.0005);
    assert_true(slope.interval.low > 0.009 && slope.interval.high < 0.011);
    assert_true(kendall(y, STAT_TREND_MAX).p_rising < 1e-100);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theil_sen),
        cmocka_unit_test(theil_sen_order_and_ties),
        cmocka_unit_test(theil_sen_degenerate),
        cmocka_unit_test(mann_kendall),
        cmocka_unit_test(mann_kendall_degenerate),
        cmocka_unit_test(simulated_coverage),
        cmocka_unit_test(largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
