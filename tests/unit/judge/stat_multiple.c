/* SPDX-License-Identifier: MIT
 *
 * Adjusted p-values: worked examples, order, ties, degenerate input.
 */
#include "harness/judge/stat_multiple.h"

#include "tests/unit/judge/stat_check.h"

static void check(int (*adjust)(const double *, size_t, double *, struct failure *),
                  const double *p, const double *expected, size_t n)
{
    double adjusted[16];
    struct failure failure = FAILURE_INIT;
    assert_true(n <= COUNT_OF(adjusted));
    assert_int_equal(adjust(p, n, adjusted, &failure), 0);
    for (size_t i = 0; i < n; i++)
        assert_near(adjusted[i], expected[i], 1e-12);
}

static void known_values(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.04, 0.03, 0.005};
    const double holm[] = {0.03, 0.06, 0.06, 0.02};
    const double hochberg[] = {0.02, 0.04, 0.04, 0.02};
    check(stat_holm, p, holm, 4);
    check(stat_benjamini_hochberg, p, hochberg, 4);
}

static void capped_and_tied(void **state)
{
    (void)state;
    const double p[] = {0.5, 0.5, 1, 0};
    const double holm[] = {1, 1, 1, 0};
    const double hochberg[] = {2.0 / 3, 2.0 / 3, 1, 0};
    check(stat_holm, p, holm, 4);
    check(stat_benjamini_hochberg, p, hochberg, 4);
    const double alone[] = {0.3};
    check(stat_holm, alone, alone, 1);
    check(stat_benjamini_hochberg, alone, alone, 1);
}

static void in_place(void **state)
{
    (void)state;
    double p[] = {0.01, 0.04, 0.03, 0.005};
    assert_int_equal(stat_holm(p, 4, p, NULL), 0);
    assert_near(p[3], 0.02, 1e-12);
    assert_near(p[1], 0.06, 1e-12);
}

static void degenerate_input(void **state)
{
    (void)state;
    const double wrong[][2] = {{0.1, NAN}, {-0.1, 0.1}, {0.1, 1.1}};
    double adjusted[] = {7, 7};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct failure failure = FAILURE_INIT;
        assert_int_equal(stat_holm(wrong[i], 2, adjusted, &failure), -1);
        assert_int_equal(failure.kind, FAILURE_INTERNAL);
        assert_int_equal(stat_benjamini_hochberg(wrong[i], 2, adjusted, &failure), -1);
    }
    assert_near(adjusted[0], 7, 0);
    assert_int_equal(stat_holm(NULL, 0, NULL, NULL), 0);
    assert_int_equal(stat_benjamini_hochberg(NULL, 0, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(capped_and_tied),
        cmocka_unit_test(in_place),
        cmocka_unit_test(degenerate_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
