/* SPDX-License-Identifier: MIT
 *
 * Intervals for k of n: known values, degenerate input, and coverage by exact summation.
 */
#include "harness/judge/stat_binomial.h"

#include "tests/unit/judge/stat_check.h"

static void clopper_pearson(void **state)
{
    (void)state;
    static const struct {
        uint64_t k, n;
        double confidence, low, high;
    } rows[] = {
        {0, 10, 0.95, 0, 0.308497107819},
        {10, 10, 0.95, 0.691502892181, 1},
        {1, 29, 0.95, 0.00087264688358, 0.177644295489},
        {81, 263, 0.95, 0.252736745585, 0.367621922601},
        {5, 1000, 0.99, 0.0010795066098, 0.0140851481753},
        {3, 1000000, 0.95, 6.186725501906399e-07, 8.767247788145223e-06},
        {500000000, 1000000000, 0.95, 0.499969009748, 0.500030990252},
        {7, 1000000000, 0.95, 2.814363056002635e-09, 1.442267530817496e-08},
        {1, 1, 0.95, 0.025, 1},
        {999, 1000, 0.9, 0.995265006425, 0.999948708021},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stat_interval got = stat_clopper_pearson(rows[i].k, rows[i].n, rows[i].confidence);
        assert_close(got.low, rows[i].low, 1e-9);
        assert_close(got.high, rows[i].high, 1e-9);
    }
}

static void wilson(void **state)
{
    (void)state;
    assert_interval(stat_wilson(81, 263, 0.95), 0.255289, 0.366210, 1e-6);
    assert_interval(stat_wilson(1, 29, 0.95), 0.006113, 0.171755, 1e-6);
    assert_interval(stat_wilson(0, 10, 0.95), 0, 0.277533, 1e-6);
    assert_interval(stat_wilson(0, 1000, 0.95), 0, 0.003827, 1e-6);
    assert_interval(stat_wilson(10, 10, 0.95), 1 - 0.277533, 1, 1e-6);
    assert_true(stat_wilson(0, 7, 0.9).low == 0);
    assert_true(stat_wilson(7, 7, 0.9).high == 1);
}

static void zero_of_n(void **state)
{
    (void)state;
    assert_near(stat_zero_of_n(100, 0.95), 0.029513, 1e-6);
    assert_near(stat_zero_of_n(300, 0.95), 0.009936, 1e-6);
    assert_near(stat_zero_of_n(1000, 0.95), 0.002991, 1e-6);
    assert_near(stat_zero_of_n(1, 0.95), 0.95, 1e-12);
    assert_true(stat_zero_of_n(0, 0.95) == 1);
    assert_nan(stat_zero_of_n(10, 1));
}

static void degenerate_input(void **state)
{
    (void)state;
    struct stat_interval (*const intervals[])(uint64_t, uint64_t, double) = {stat_clopper_pearson,
                                                                             stat_wilson};
    for (size_t i = 0; i < COUNT_OF(intervals); i++) {
        assert_interval(intervals[i](0, 0, 0.95), 0, 1, 0);
        assert_interval(intervals[i](5, UINT64_MAX, 0.95), 0, 1, 0);
        assert_no_interval(intervals[i](2, 1, 0.95));
        assert_no_interval(intervals[i](1, 2, 0));
        assert_no_interval(intervals[i](1, 2, 1));
        assert_no_interval(intervals[i](1, 2, -3));
        assert_no_interval(intervals[i](1, 2, NAN));
    }
    assert_nan(stat_binomial_at_least(3, 2, 0.95));
    assert_nan(stat_binomial_at_most(3, 2, 0.95));
    assert_nan(stat_binomial_at_or_below(1, 2, 1.1));
    assert_nan(stat_binomial_at_or_above(1, UINT64_MAX, 0.1));
    struct stat_interval sharp = stat_clopper_pearson(1, 2, 1 - 1e-16);
    assert_true(sharp.low >= 0 && sharp.low < 1e-15 && sharp.high > 1 - 1e-15);
}

static void tails(void **state)
{
    (void)state;
    for (uint64_t k = 0; k <= 20; k++) {
        double below = 0;
        for (uint64_t i = 0; i <= k; i++)
            below += stat_binomial_density((double)i, 20, 0.3);
        assert_near(stat_binomial_at_or_below(k, 20, 0.3), below, 1e-13);
        assert_near(stat_binomial_at_or_above(k + 1, 20, 0.3), 1 - below, 1e-13);
    }
    assert_true(stat_binomial_at_or_below(0, 5, 0) == 1);
    assert_true(stat_binomial_at_or_below(4, 5, 1) == 0);
    assert_true(stat_binomial_at_or_above(0, 0, 0.5) == 1);
    assert_true(stat_binomial_at_or_above(1, 5, 0) == 0);
    assert_close(stat_binomial_at_or_above(40, 40, 0.001), 1e-120, 1e-9);
}

/* The bound is where the tail has just the probability that the confidence leaves. */
static void one_sided_bounds(void **state)
{
    (void)state;
    for (uint64_t k = 1; k < 12; k++) {
        double least = stat_binomial_at_least(k, 12, 0.9);
        double most = stat_binomial_at_most(k, 12, 0.9);
        assert_near(stat_binomial_at_or_above(k, 12, least), 0.1, 1e-12);
        assert_near(stat_binomial_at_or_below(k, 12, most), 0.1, 1e-12);
    }
}

static double coverage(struct stat_interval (*interval)(uint64_t, uint64_t, double), uint64_t n,
                       double rate)
{
    double covered = 0;
    for (uint64_t k = 0; k <= n; k++) {
        struct stat_interval got = interval(k, n, 0.95);
        if (got.low <= rate && rate <= got.high)
            covered += stat_binomial_density((double)k, (double)n, rate);
    }
    return covered;
}

/* The share of all outcomes whose interval holds the true rate, summed, not simulated. */
static void exact_coverage(void **state)
{
    (void)state;
    for (uint64_t n = 5; n <= 80; n += 25) {
        double wilson_sum = 0;
        for (int i = 1; i < 100; i++) {
            double rate = i / 100.0;
            assert_true(coverage(stat_clopper_pearson, n, rate) >= 0.95 - 1e-12);
            wilson_sum += coverage(stat_wilson, n, rate);
        }
        assert_near(wilson_sum / 99, 0.95, 0.012);
    }
}

/* The same by simulation, as a check of the summation. */
static void simulated_coverage(void **state)
{
    (void)state;
    enum { RUNS = 4000, N = 60 };
    int exact = 0;
    int score = 0;
    struct stat_interval clopper_pearson_of[N + 1];
    for (uint64_t k = 0; k <= N; k++)
        clopper_pearson_of[k] = stat_clopper_pearson(k, N, 0.95);
    for (uint64_t run = 0; run < RUNS; run++) {
        double rate = 0.02 + 0.5 * sample_unit(run, N);
        uint64_t k = 0;
        for (uint64_t i = 0; i < N; i++)
            k += sample_unit(run, i) < rate;
        struct stat_interval wide = clopper_pearson_of[k];
        struct stat_interval narrow = stat_wilson(k, N, 0.95);
        exact += wide.low <= rate && rate <= wide.high;
        score += narrow.low <= rate && rate <= narrow.high;
    }
    /* The standard error of a share of 4000 at 0.95 is 0.0034. */
    assert_true(exact >= (int)(0.95 * RUNS));
    assert_near((double)score / RUNS, 0.95, 0.015);
    print_message("coverage at 0.95: Clopper-Pearson %.4f, Wilson %.4f\n", (double)exact / RUNS,
                  (double)score / RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clopper_pearson), cmocka_unit_test(wilson),
        cmocka_unit_test(zero_of_n),       cmocka_unit_test(degenerate_input),
        cmocka_unit_test(tails),           cmocka_unit_test(one_sided_bounds),
        cmocka_unit_test(exact_coverage),  cmocka_unit_test(simulated_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
