/* SPDX-License-Identifier: MIT
 *
 * Budgets and power: the numbers that the documentation promises, and the formulas inverted.
 */
#include "harness/judge/stat_budget.h"

#include "tests/unit/judge/stat_check.h"

static void runs_to_see(void **state)
{
    (void)state;
    static const struct {
        double rate;
        uint64_t runs;
    } rows[] = {{0.5, 5}, {0.1, 29}, {0.05, 59}, {0.01, 299}, {0.001, 2995}, {1, 1}, {2, 1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(stat_runs_to_see(rows[i].rate, 0.95), rows[i].runs);
        assert_int_equal(stat_runs_to_verify(rows[i].rate, 0.95), rows[i].runs);
    }
    /* Whole by arithmetic: no run more because of rounding. */
    assert_int_equal(stat_runs_to_see(0.5, 0.5), 1);
    assert_int_equal(stat_runs_to_see(0.5, 0.75), 2);
    assert_int_equal(stat_runs_to_see(0.5, 0.9375), 4);
    assert_int_equal(stat_runs_to_verify(0.2, 0.99), 21);
}

static void smallest_number(void **state)
{
    (void)state;
    for (double rate = 0.003; rate < 0.9; rate *= 1.7) {
        uint64_t runs = stat_runs_to_verify(rate, 0.99);
        assert_true(stat_verified_confidence(rate, runs) >= 0.99 - 1e-9);
        assert_true(stat_verified_confidence(rate, runs - 1) < 0.99);
    }
    assert_near(stat_verified_confidence(0.1, 29), 1 - pow(0.9, 29), 1e-12);
    assert_near(stat_verified_confidence(0.1, 0), 0, 0);
    assert_near(stat_verified_confidence(1, 0), 0, 0);
    assert_near(stat_verified_confidence(1, 1), 1, 0);
    assert_near(stat_verified_confidence(0, 1000), 0, 0);
    assert_nan(stat_verified_confidence(-0.1, 5));
    assert_nan(stat_verified_confidence(NAN, 5));
}

static void never(void **state)
{
    (void)state;
    assert_true(stat_runs_to_see(0, 0.95) == STAT_NEVER);
    assert_true(stat_runs_to_see(-1, 0.95) == STAT_NEVER);
    assert_true(stat_runs_to_see(NAN, 0.95) == STAT_NEVER);
    assert_true(stat_runs_to_see(0.5, 1) == STAT_NEVER);
    assert_true(stat_runs_to_see(0.5, 0) == STAT_NEVER);
    assert_true(stat_runs_to_see(0.5, NAN) == STAT_NEVER);
    assert_true(stat_runs_to_see(1e-300, 0.95) == STAT_NEVER);
    assert_true(stat_bisect_runs(0, 10, 0.05) == STAT_NEVER);
    assert_true(stat_bisect_runs(0.5, 10, 0) == STAT_NEVER);
    assert_true(stat_samples_for_quantile(1, 0.95) == STAT_NEVER);
    assert_true(stat_pairs_to_detect(0.1, 0, 0.05, 0.9) == STAT_NEVER);
    assert_true(stat_pairs_to_detect(NAN, 0.1, 0.05, 0.9) == STAT_NEVER);
    assert_true(stat_pairs_to_detect(0.1, 0.1, 0, 0.9) == STAT_NEVER);
    assert_true(stat_pairs_to_detect(0.1, NAN, 0.05, 0.9) == STAT_NEVER);
}

static void bisect(void **state)
{
    (void)state;
    assert_int_equal(stat_bisect_runs(0.5, 10, 0.05), 8);
    assert_int_equal(stat_bisect_runs(0.2, 10, 0.05), 24);
    assert_int_equal(stat_bisect_runs(0.1, 10, 0.05), 51);
    assert_int_equal(stat_bisect_runs(0.05, 10, 0.05), 104);
    assert_int_equal(stat_bisect_runs(0.5, 0, 0.05), 5);
    assert_int_equal(stat_bisect_runs(1, 10, 0.05), 1);
}

static void quantile_samples(void **state)
{
    (void)state;
    assert_int_equal(stat_samples_for_quantile(0.99, 0.95), 299);
    assert_int_equal(stat_samples_for_quantile(0.5, 0.95), 5);
}

static void pairs(void **state)
{
    (void)state;
    assert_int_equal(stat_pairs_to_detect(0.05, 0.05, 0.05, 0.9), 10);
    assert_int_equal(stat_pairs_to_detect(0.10, 0.05, 0.05, 0.9), 38);
    assert_int_equal(stat_pairs_to_detect(0, 0.05, 0.05, 0.9), STAT_PAIRS_MIN);
    for (uint64_t n = STAT_PAIRS_MIN; n < 100; n += 7) {
        double effect = stat_detectable_effect(0.2, n, 0.05, 0.9);
        assert_int_equal(stat_pairs_to_detect(0.2, effect, 0.05, 0.9), n);
    }
    assert_true(isinf(stat_detectable_effect(0.1, STAT_PAIRS_MIN - 1, 0.05, 0.9)));
    assert_near(stat_detectable_effect(0, 10, 0.05, 0.9), 0, 0);
    assert_nan(stat_detectable_effect(-1, 10, 0.05, 0.9));
    assert_nan(stat_detectable_effect(0.1, 10, 0.05, NAN));
    assert_near(stat_variance_inflation(50, 0.2), 10.8, 1e-12);
}

static void fisher_power(void **state)
{
    (void)state;
    static const struct {
        uint64_t a_trials;
        double a_rate;
        uint64_t b_trials;
        double b_rate, alpha, power;
    } rows[] = {
        {200, 0, 200, 0.01, 0.05, 0.0517462636},   {500, 0, 500, 0.01, 0.05, 0.560388913},
        {1000, 0, 1000, 0.01, 0.05, 0.9713136},    {200, 0.01, 200, 0.05, 0.05, 0.685012451},
        {500, 0.01, 500, 0.05, 0.05, 0.982771991}, {100, 0.1, 50, 0.3, 0.01, 0.688773094},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_near(stat_fisher_power(rows[i].a_trials, rows[i].a_rate, rows[i].b_trials,
                                      rows[i].b_rate, rows[i].alpha),
                    rows[i].power, 1e-8);
    assert_nan(stat_fisher_power(10, -0.1, 10, 0.5, 0.05));
    assert_nan(stat_fisher_power(10, 0.1, 10, NAN, 0.05));
    assert_nan(stat_fisher_power(10, 0.1, 10, 0.5, 0));
    assert_nan(stat_fisher_power(STAT_POWER_MAX + 1, 0.1, 10, 0.5, 0.05));
    assert_near(stat_fisher_power(0, 0.1, 10, 0.5, 0.05), 0, 0);
}

static void detectable_rate(void **state)
{
    (void)state;
    double rate = stat_detectable_rate(500, 0.01, 500, 0.05, 0.9);
    assert_true(rate > 0.01 && rate < 0.05);
    assert_near(stat_fisher_power(500, 0.01, 500, rate, 0.05), 0.9, 1e-9);
    /* More trials see smaller rates. */
    assert_true(stat_detectable_rate(2000, 0.01, 2000, 0.05, 0.9) < rate);
    /* 2 against 2 can never be significant. */
    assert_true(isinf(stat_detectable_rate(2, 0, 2, 0.05, 0.9)));
    assert_true(isinf(stat_detectable_rate(0, 0, 0, 0.05, 0.9)));
    assert_nan(stat_detectable_rate(10, 2, 10, 0.05, 0.9));
    assert_nan(stat_detectable_rate(10, 0, 10, 0.05, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_to_see),  cmocka_unit_test(smallest_number),  cmocka_unit_test(never),
        cmocka_unit_test(bisect),       cmocka_unit_test(quantile_samples), cmocka_unit_test(pairs),
        cmocka_unit_test(fisher_power), cmocka_unit_test(detectable_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
