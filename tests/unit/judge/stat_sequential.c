/* SPDX-License-Identifier: MIT
 *
 * Sequential tests: bounds, streaks, e-values against exact fractions, error rates by simulation.
 */
#include "harness/judge/stat_sequential.h"

#include "tests/unit/judge/stat_check.h"

static void plan(void **state)
{
    (void)state;
    struct stat_sprt got = stat_sprt_plan(3, 0.05, 0.10);
    assert_near(got.upper, 2.890372, 1e-6);
    assert_near(got.lower, -2.251292, 1e-6);
    assert_near(got.b_step, log(1.5), 1e-12);
    assert_near(got.a_step, -log(2), 1e-12);
}

static void streaks(void **state)
{
    (void)state;
    struct stat_sprt got = stat_sprt_plan(3, 0.05, 0.10);
    for (uint64_t b = 0; b < 8; b++)
        assert_int_equal(stat_sprt_judge(&got, 0, b), STAT_SPRT_CONTINUE);
    assert_int_equal(stat_sprt_judge(&got, 0, 8), STAT_SPRT_WORSE);
    for (uint64_t a = 0; a < 4; a++)
        assert_int_equal(stat_sprt_judge(&got, a, 0), STAT_SPRT_CONTINUE);
    assert_int_equal(stat_sprt_judge(&got, 4, 0), STAT_SPRT_NOT_WORSE);
}

static void wrong_plans(void **state)
{
    (void)state;
    const double wrong[][3] = {{1, 0.05, 0.1},   {NAN, 0.05, 0.1}, {INFINITY, 0.05, 0.1},
                               {3, 0, 0.1},      {3, 0.05, 1},     {3, 0.6, 0.4},
                               {0.5, 0.05, 0.1}, {3, NAN, 0.1}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct stat_sprt got = stat_sprt_plan(wrong[i][0], wrong[i][1], wrong[i][2]);
        assert_nan(got.upper);
        assert_int_equal(stat_sprt_judge(&got, 0, 1000), STAT_SPRT_CONTINUE);
        assert_int_equal(stat_sprt_judge(&got, 1000, 0), STAT_SPRT_CONTINUE);
    }
}

/* The share of WORSE where each crash is B's with this probability, and the crashes it took; after
 * `cap` crashes the run ends inconclusive. */
static double share_worse(double b_share, uint64_t cap, uint64_t domain, double *crashes)
{
    enum { RUNS = 20000 };
    struct stat_sprt test = stat_sprt_plan(3, 0.05, 0.10);
    int worse = 0;
    uint64_t all = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        uint64_t count[2] = {0, 0};
        enum stat_sprt_outcome outcome = STAT_SPRT_CONTINUE;
        for (uint64_t crash = 0; crash < cap && outcome == STAT_SPRT_CONTINUE; crash++) {
            count[sample_unit(domain + run, crash) < b_share]++;
            outcome = stat_sprt_judge(&test, count[0], count[1]);
        }
        worse += outcome == STAT_SPRT_WORSE;
        all += count[0] + count[1];
    }
    *crashes = (double)all / RUNS;
    return (double)worse / RUNS;
}

/* Against the exact values of the random walk: without a cap, and with one of 60 crashes, which
 * costs a little power. The standard error of a share near 0.92 is 0.002. */
static void error_rates(void **state)
{
    (void)state;
    static const struct {
        uint64_t cap;
        double type_one, power, crashes;
    } rows[] = {{60, 0.0426, 0.9110, 20.09}, {1000, 0.0432, 0.9259, 20.30}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double crashes = 0;
        double type_one = share_worse(0.5, rows[i].cap, 0, &crashes);
        assert_near(type_one, rows[i].type_one, 0.005);
        assert_true(type_one <= 0.05);
        double power = share_worse(0.75, rows[i].cap, 1000000, &crashes);
        assert_near(power, rows[i].power, 0.007);
        assert_true(power >= 0.90);
        assert_near(crashes, rows[i].crashes, 0.5);
        print_message("SPRT, at most %d crashes: type I %.4f, power %.4f, mean %.1f crashes\n",
                      (int)rows[i].cap, type_one, power, crashes);
    }
}

static void e_values(void **state)
{
    (void)state;
    static const struct {
        uint64_t b, a;
        double expected;
    } rows[] = {
        {0, 0, 1},
        {6, 0, 18.1428571429},
        {7, 0, 31.875},
        {10, 1, 30.9318181818},
        {0, 6, 0.142857142857},
        {3, 40, 0.0262152764989},
        {30, 30, 0.159814141178},
        {200, 100, 3255003.41803},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_close(stat_e_value(rows[i].a, rows[i].b), rows[i].expected, 1e-10);
    assert_true(isinf(stat_e_value(0, 1000000)));
    assert_close(stat_e_value(1000000, 0), 1 / 1000001.0, 1e-12);
    assert_true(stat_e_value(UINT64_C(1) << 40, UINT64_C(1) << 40) < 1);
    assert_nan(stat_e_value(UINT64_MAX, 0));
    assert_nan(stat_e_value(0, UINT64_MAX));
}

/* Looking after each of 300 crashes, an equal B is rejected at 20 in at most 5 % of all runs. */
static void e_value_at_any_time(void **state)
{
    (void)state;
    enum { RUNS = 500, CRASHES = 300 };
    int rejected = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        uint64_t count[2] = {0, 0};
        for (uint64_t crash = 0; crash < CRASHES; crash++) {
            count[sample_unit(5000000 + run, crash) < 0.5]++;
            if (stat_e_value(count[0], count[1]) >= 20) {
                rejected++;
                break;
            }
        }
    }
    print_message("e-value: type I %.4f over %d looks\n", (double)rejected / RUNS, CRASHES);
    assert_true(rejected <= RUNS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan),        cmocka_unit_test(streaks),
        cmocka_unit_test(wrong_plans), cmocka_unit_test(error_rates),
        cmocka_unit_test(e_values),    cmocka_unit_test(e_value_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
