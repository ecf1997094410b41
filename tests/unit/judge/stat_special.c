/* SPDX-License-Identifier: MIT
 *
 * Special functions against SciPy's values (to the precision that the header promises), and
 * outside their range.
 */
#include "harness/judge/stat_special.h"

#include "tests/unit/judge/stat_check.h"

static void normal(void **state)
{
    (void)state;
    assert_near(stat_two_sided_deviate(0.95), 1.959963984540054, 1e-12);
    assert_near(stat_two_sided_deviate(0.99), 2.5758293035489, 1e-12);
    assert_near(stat_normal_deviate(0.05), 1.6448536269514722, 1e-12);
    assert_near(stat_normal_deviate(0.9), -1.2815515655446004, 1e-12);
    assert_near(stat_normal_deviate(0.5), 0, 1e-12);
    assert_near(stat_normal_deviate(1e-12), 7.034483825301131, 1e-9);
    assert_near(stat_normal_tail(1.959963984540054), 0.025, 1e-15);
    assert_nan(stat_normal_deviate(0));
    assert_nan(stat_normal_deviate(1));
    assert_nan(stat_normal_deviate(NAN));
    assert_nan(stat_two_sided_deviate(1));
}

static void incomplete_beta(void **state)
{
    (void)state;
    static const struct {
        double a, b, x, expected;
    } rows[] = {
        {0.5, 0.5, 0.3, 0.36901011956555},
        {2, 3, 0.9, 0.9963},
        {100, 200, 0.3, 0.10884306564491},
        {1000, 2000, 0.3, 4.0738279160512e-05},
        {1e6, 1e6, 0.4995, 0.078649577580914},
        {30, 1e8, 2e-7, 0.021818278850622},
        {1, 1, 0.25, 0.25},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_close(stat_lower_beta(rows[i].a, rows[i].b, rows[i].x), rows[i].expected, 2e-10);
    assert_close(stat_upper_beta(8, 1e9, 1.44226753641e-08), 0.02499999779818954, 1e-11);
    assert_close(stat_upper_beta(3, 2, 0.1), 0.9963, 1e-13);
    assert_nan(stat_upper_beta(3, -2, 0.1));
    assert_true(stat_upper_beta(3, 4, 0) == 1);
    assert_true(stat_upper_beta(3, 4, 1) == 0);
    assert_true(stat_lower_beta(3, 4, 0) == 0);
    assert_true(stat_lower_beta(3, 4, 1) == 1);
    assert_near(stat_lower_beta(1e-300, 1e-300, 0.5), 0.5, 1e-12);
    assert_nan(stat_lower_beta(1e13, 4, 0.5));
    assert_nan(stat_lower_beta(0, 4, 0.5));
    assert_nan(stat_lower_beta(3, 4, 1.5));
    assert_nan(stat_lower_beta(3, NAN, 0.5));
    assert_nan(stat_lower_beta(INFINITY, 1, 0.5));
}

static void incomplete_gamma(void **state)
{
    (void)state;
    static const struct {
        double a, x, lower, upper;
    } rows[] = {
        {0.5, 0.2, 0.47291074313446, 0.52708925686554},
        {1, 3, 0.95021293163214, 0.049787068367864},
        {10, 5, 0.031828057306205, 0.9681719426938},
        {10, 20, 0.99500458769169, 0.0049954123083076},
        {10000, 9900, 0.15865119219356, 0.84134880780644},
        {1e8, 100020000, 0.97724446922514, 0.022755530774855},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_close(stat_lower_gamma(rows[i].a, rows[i].x), rows[i].lower, 2e-10);
        assert_close(stat_upper_gamma(rows[i].a, rows[i].x), rows[i].upper, 2e-10);
    }
    assert_true(stat_lower_gamma(2, 0) == 0);
    assert_true(stat_upper_gamma(2, 0) == 1);
    assert_true(stat_upper_gamma(1e12, 1e300) == 0);
    assert_true(stat_lower_gamma(1e12, 1e300) == 1);
    assert_near(stat_upper_gamma(1e-5, 1e-5), 1.0935e-4, 1e-8);
    assert_nan(stat_lower_gamma(1e13, 1));
    assert_nan(stat_lower_gamma(0, 1));
    assert_nan(stat_upper_gamma(1, -1));
    assert_nan(stat_lower_gamma(NAN, 1));
}

static void densities(void **state)
{
    (void)state;
    assert_close(stat_binomial_density(3, 10, 0.3), 0.266827932, 1e-12);
    assert_close(stat_binomial_density(50, 1000, 0.05), 0.057787983714107, 1e-11);
    assert_close(stat_binomial_density(500, 1000, 0.5), 0.025225018178361, 1e-11);
    assert_close(stat_binomial_density(1e6, 1e8, 0.0101), 6.4968168427267e-26, 1e-6);
    assert_close(stat_binomial_density(1, 1e12, 1e-10), 100 * exp(-100), 1e-6);
    assert_true(stat_binomial_density(1, 1e12, 0.5) == 0);
    assert_true(stat_binomial_density(0, 5, 0) == 1);
    assert_true(stat_binomial_density(5, 5, 1) == 1);
    assert_true(stat_binomial_density(1, 5, 0) == 0);
    assert_true(stat_binomial_density(0, 0, 0.5) == 1);
    assert_nan(stat_binomial_density(6, 5, 0.5));
    assert_nan(stat_binomial_density(1, 5, -0.1));
    assert_close(stat_poisson_density(3, 2), 8.0 / 6 * exp(-2), 1e-13);
    assert_true(stat_poisson_density(0, 0) == 1);
    assert_nan(stat_poisson_density(-1, 2));
}

static double square(double x, const void *context)
{
    (void)context;
    return x * x;
}

static double falling(double x, const void *context)
{
    return *(const double *)context - x;
}

static void solver(void **state)
{
    (void)state;
    double ten = 10;
    assert_near(stat_solve(square, NULL, 0, 10, 2), M_SQRT2, 1e-15);
    assert_near(stat_solve(falling, &ten, 0, 10, 3), 7, 1e-14);
    assert_near(stat_solve(square, NULL, 0, 10, 200), 10, 1e-14);
    assert_near(stat_solve(square, NULL, 1, 10, 0), 1, 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal),           cmocka_unit_test(incomplete_beta),
        cmocka_unit_test(incomplete_gamma), cmocka_unit_test(densities),
        cmocka_unit_test(solver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
