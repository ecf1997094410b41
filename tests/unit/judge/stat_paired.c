/* SPDX-License-Identifier: MIT
 *
 * Paired ratios and margins: a worked example, degenerate input, false alarms and coverage.
 */
#include "harness/judge/stat_paired.h"

#include "tests/unit/judge/stat_check.h"

static const double a_runs[] = {100, 104, 98, 110, 101, 99, 103, 107};
static const double b_runs[] = {108, 109, 105, 119, 104, 107, 111, 112};

static void paired_ratio(void **state)
{
    (void)state;
    struct stat_ratio got = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_paired_ratio(a_runs, b_runs, 8, 0.95, &got, &failure), 0);
    assert_int_equal(got.pairs, 8);
    assert_near(got.estimate, 1.064024, 1e-6);
    assert_interval(got.interval, 1.046729, 1.080808, 1e-6);
    assert_near(got.p_two_sided, 0.0078125, 1e-12);
    assert_near(got.p_greater, 0.00390625, 1e-12);
    assert_near(got.sd, 0.018986571881636244, 1e-12);
    /* The other way round is the inverse. */
    struct stat_ratio inverse = {0};
    assert_int_equal(stat_paired_ratio(b_runs, a_runs, 8, 0.95, &inverse, &failure), 0);
    assert_near(inverse.estimate * got.estimate, 1, 1e-12);
    assert_near(inverse.interval.low * got.interval.high, 1, 1e-12);
    assert_near(inverse.p_greater, 1, 1e-12);
}

static void few_pairs(void **state)
{
    (void)state;
    struct stat_ratio got = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_paired_ratio(a_runs, b_runs, 5, 0.95, &got, &failure), 0);
    assert_interval(got.interval, 0, INFINITY, 0);
    assert_int_equal(stat_judge_margin(got.interval, 0.05), STAT_UNDECIDED);
    assert_int_equal(stat_paired_ratio(a_runs, b_runs, 1, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 1.08, 1e-12);
    assert_nan(got.sd);
    assert_int_equal(stat_paired_ratio(NULL, NULL, 0, 0.95, &got, &failure), 0);
    assert_nan(got.estimate);
    assert_int_equal(stat_bootstrap_ratio(NULL, NULL, 0, 0.95, 1000, 1, &got, &failure), 0);
    assert_nan(got.estimate);
    assert_interval(got.interval, 0, INFINITY, 0);
}

static void wrong_input(void **state)
{
    (void)state;
    static const double wrong[] = {0, -1, NAN, INFINITY};
    struct stat_ratio got = {.pairs = 77};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct failure failure = FAILURE_INIT;
        assert_int_equal(stat_paired_ratio(&wrong[i], b_runs, 1, 0.95, &got, &failure), -1);
        assert_int_equal(failure.kind, FAILURE_INTERNAL);
        assert_int_equal(stat_paired_ratio(a_runs, &wrong[i], 1, 0.95, &got, NULL), -1);
        assert_int_equal(stat_bootstrap_ratio(a_runs, &wrong[i], 1, 0.95, 1000, 1, &got, NULL), -1);
    }
    assert_int_equal(stat_paired_ratio(a_runs, b_runs, 8, 1, &got, NULL), -1);
    assert_int_equal(stat_paired_ratio(a_runs, b_runs, STAT_PAIRS_MAX + 1, 0.9, &got, NULL), -1);
    assert_int_equal(stat_bootstrap_ratio(a_runs, b_runs, 8, 0.95, 99, 1, &got, NULL), -1);
    assert_int_equal(stat_bootstrap_ratio(a_runs, b_runs, 8, 0.95, 100001, 1, &got, NULL), -1);
    assert_int_equal(got.pairs, 77);
}

static void margin(void **state)
{
    (void)state;
    struct stat_interval worse = {1.06, 1.2};
    struct stat_interval fine = {0.9, 1.04};
    struct stat_interval both = {1.01, 1.2};
    struct stat_interval touching = {1.05, 1.2};
    struct stat_interval unknown = {NAN, NAN};
    struct stat_interval half_known = {NAN, 1};
    assert_int_equal(stat_judge_margin(worse, 0.05), STAT_BEYOND_MARGIN);
    assert_int_equal(stat_judge_margin(fine, 0.05), STAT_WITHIN_MARGIN);
    assert_int_equal(stat_judge_margin(both, 0.05), STAT_UNDECIDED);
    assert_int_equal(stat_judge_margin(touching, 0.05), STAT_UNDECIDED);
    assert_int_equal(stat_judge_margin(unknown, 0.05), STAT_UNDECIDED);
    assert_int_equal(stat_judge_margin(half_known, 0.05), STAT_UNDECIDED);
    assert_int_equal(stat_judge_margin(fine, NAN), STAT_UNDECIDED);
}

static void bootstrap(void **state)
{
    (void)state;
    struct stat_ratio got = {0};
    struct stat_ratio again = {0};
    struct stat_ratio other = {0};
    assert_int_equal(stat_bootstrap_ratio(a_runs, b_runs, 8, 0.95, 10000, 7, &got, NULL), 0);
    assert_int_equal(stat_bootstrap_ratio(a_runs, b_runs, 8, 0.95, 10000, 7, &again, NULL), 0);
    assert_int_equal(stat_bootstrap_ratio(a_runs, b_runs, 8, 0.95, 10000, 8, &other, NULL), 0);
    assert_near(again.interval.low, got.interval.low, 0);
    assert_near(again.interval.high, got.interval.high, 0);
    /* The middle two of the ratios are 105/98 and 111/103 (109/104 and below, 108/100 and above).
     */
    assert_near(got.estimate, (105.0 / 98 + 111.0 / 103) / 2, 0.003);
    assert_true(got.interval.low >= 104.0 / 101 && got.interval.low < got.estimate);
    assert_true(got.interval.high <= 119.0 / 110 && got.interval.high > got.estimate);
    assert_near(other.interval.low, got.interval.low, 0.02);
    assert_near(got.p_two_sided, 0.0078125, 1e-12);
}

/* Pairs that share the machine's state of the moment; B is 3 % slower in truth. */
static void simulated_coverage(void **state)
{
    (void)state;
    enum { RUNS = 2000, N = 10, BOOTSTRAPPED = 300, MANY = 40 };
    int exact = 0;
    int drawn = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        double a[MANY];
        double b[MANY];
        for (uint64_t i = 0; i < MANY; i++) {
            double moment = 0.2 * sample_normal(run, i);
            a[i] = 50 * exp(moment + 0.04 * sample_normal(run, 100 + i));
            b[i] = 50 * 1.03 * exp(moment + 0.04 * sample_normal(run, 200 + i));
        }
        struct stat_ratio got = {0};
        assert_int_equal(stat_paired_ratio(a, b, N, 0.95, &got, NULL), 0);
        exact += got.interval.low <= 1.03 && 1.03 <= got.interval.high;
        if (run < BOOTSTRAPPED) {
            assert_int_equal(stat_bootstrap_ratio(a, b, MANY, 0.95, 1000, run, &got, NULL), 0);
            drawn += got.interval.low <= 1.03 && 1.03 <= got.interval.high;
        }
    }
    print_message("coverage at 0.95: paired ratio %.4f, bootstrap %.3f\n", (double)exact / RUNS,
                  (double)drawn / BOOTSTRAPPED);
    assert_near((double)exact / RUNS, 0.951, 0.015);
    assert_near((double)drawn / BOOTSTRAPPED, 0.95, 0.04);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paired_ratio), cmocka_unit_test(few_pairs),
        cmocka_unit_test(wrong_input),  cmocka_unit_test(margin),
        cmocka_unit_test(bootstrap),    cmocka_unit_test(simulated_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
