/* SPDX-License-Identifier: MIT
 *
 * Two builds: exact tests against SciPy's values and brute force, size of the tests and coverage
 * of the difference by exact summation.
 */
#include "harness/judge/stat_two_by_two.h"

#include "tests/unit/judge/stat_check.h"

static const struct {
    struct stat_two_by_two table;
    double one_sided, two_sided, boschloo; /* boschloo 0: not in the table of known values */
} known[] = {
    {{1, 4, 3, 4}, 17.0 / 70, 34.0 / 70, 0},
    {{2, 200, 10, 200}, 0.0178899549341, 0.0357799098682, 0.0157133178},
    {{0, 20, 4, 20}, 0.0530145530146, 0.106029106029, 0.0304933846},
    {{0, 100, 4, 100}, 0.0606203606867, 0.121240721373, 0.0518195193},
    {{0, 100, 5, 100}, 0.0296916, 0.0593832, 0},
    {{7, 10, 2, 30}, 0.999995026311, 0.000195875582872, 0.999939797},
    {{30, 40, 35, 40}, 0.125770320113, 0.251540640225, 0.0904707539},
    {{3, 1000, 25, 1500}, 0.000673248528366, 0.00138399284287, 0},
    {{0, 5, 5, 5}, 0.00396825396825, 0.00793650793651, 0.0009765625},
    {{10, 10, 9, 10}, 1, 1, 1},
    {{1, 1000000, 20, 1000000}, 1.04895162921e-05, 2.09790325843e-05, 0},
};

static void fisher(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        assert_near(stat_fisher(known[i].table), known[i].one_sided, 1e-7);
        assert_near(stat_fisher_two_sided(known[i].table), known[i].two_sided, 1e-7);
    }
}

static void boschloo(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        double p = stat_boschloo(known[i].table);
        if (known[i].boschloo > 0)
            assert_near(p, known[i].boschloo, 1e-6);
        if (known[i].table.a_trials <= STAT_BOSCHLOO_MAX)
            assert_true(p <= stat_fisher(known[i].table));
    }
}

static double choose(unsigned n, unsigned k)
{
    double product = 1;
    for (unsigned i = 1; i <= k; i++)
        product = product * (n - k + i) / i;
    return product;
}

/* Every table with up to 9 trials on a side, by the formula itself. */
static void fisher_by_brute_force(void **state)
{
    (void)state;
    enum { A = 9, B = 7 };
    for (unsigned a = 0; a <= A; a++) {
        for (unsigned b = 0; b <= B; b++) {
            unsigned hits = a + b;
            double all = choose(A + B, hits);
            double own = choose(A, a) * choose(B, b) / all;
            double one = 0;
            double two = 0;
            for (unsigned i = 0; i <= A && i <= hits; i++) {
                if (hits - i > B)
                    continue;
                double p = choose(A, i) * choose(B, hits - i) / all;
                one += i <= a ? p : 0;
                two += p <= own * (1 + 1e-7) ? p : 0;
            }
            struct stat_two_by_two table = {a, A, b, B};
            assert_near(stat_fisher(table), one, 1e-12);
            assert_near(stat_fisher_two_sided(table), two, 1e-12);
        }
    }
}

static void region(void **state)
{
    (void)state;
    uint64_t first[31];
    stat_fisher_region(30, 25, 0.05, first);
    for (uint64_t i = 0; i <= 30; i++) {
        if (first[i] <= 25)
            assert_true(stat_fisher((struct stat_two_by_two){i, 30, first[i], 25}) <= 0.05);
        if (first[i] > 0)
            assert_true(stat_fisher((struct stat_two_by_two){i, 30, first[i] - 1, 25}) > 0.05);
        if (i > 0)
            assert_true(first[i] >= first[i - 1]);
    }
    /* At equal n, with A at 0: 5 crashes for p < .05, 7 for p < .01. */
    uint64_t *large = malloc(1001 * sizeof(*large));
    assert_non_null(large);
    stat_fisher_region(1000, 1000, 0.05, large);
    assert_int_equal(large[0], 5);
    stat_fisher_region(1000, 1000, 0.01, large);
    assert_int_equal(large[0], 7);
    free(large);
}

/* Whatever the shared rate, a valid test calls it worse with at most its level. */
static void size_of_the_tests(void **state)
{
    (void)state;
    enum { N = 15 };
    static double fisher_p[N + 1][N + 1];
    static double boschloo_p[N + 1][N + 1];
    for (uint64_t a = 0; a <= N; a++) {
        for (uint64_t b = 0; b <= N; b++) {
            fisher_p[a][b] = stat_fisher((struct stat_two_by_two){a, N, b, N});
            boschloo_p[a][b] = stat_boschloo((struct stat_two_by_two){a, N, b, N});
        }
    }
    double largest = 0;
    for (double rate = 0.01; rate < 1; rate += 0.01) {
        double by_fisher = 0;
        double by_boschloo = 0;
        for (uint64_t a = 0; a <= N; a++) {
            for (uint64_t b = 0; b <= N; b++) {
                double p = stat_binomial_density((double)a, N, rate) *
                           stat_binomial_density((double)b, N, rate);
                by_fisher += fisher_p[a][b] <= 0.05 ? p : 0;
                by_boschloo += boschloo_p[a][b] <= 0.05 ? p : 0;
            }
        }
        assert_true(by_boschloo <= 0.05 + 1e-9);
        assert_true(by_fisher <= by_boschloo + 1e-12);
        largest = fmax(largest, by_boschloo);
    }
    assert_true(largest > 0.03); /* and it is not idle */
}

static void mcnemar(void **state)
{
    (void)state;
    assert_near(stat_mcnemar(2, 9), 0.0327148, 1e-7);
    assert_near(stat_mcnemar_two_sided(2, 9), 2 * 67.0 / 2048, 1e-12);
    assert_near(stat_mcnemar(9, 2), 1 - 12.0 / 2048, 1e-12);
    assert_true(stat_mcnemar(0, 0) == 1);
    assert_true(stat_mcnemar_two_sided(0, 0) == 1);
    assert_true(stat_mcnemar_two_sided(4, 4) == 1);
    assert_nan(stat_mcnemar(UINT64_MAX, 2));
}

static void newcombe(void **state)
{
    (void)state;
    struct stat_two_by_two first = {48, 80, 56, 70};
    struct stat_two_by_two second = {0, 29, 5, 56};
    assert_interval(stat_newcombe(first, 0.95), 0.052431, 0.333873, 1e-6);
    assert_interval(stat_newcombe(second, 0.95), -0.038137, 0.192560, 1e-6);
    struct stat_two_by_two swapped = {56, 70, 48, 80};
    assert_interval(stat_newcombe(swapped, 0.95), -0.333873, -0.052431, 1e-6);
    assert_interval(stat_newcombe((struct stat_two_by_two){0, 0, 1, 2}, 0.95), -1, 1, 0);
    assert_interval(stat_newcombe((struct stat_two_by_two){0, 2, 0, 0}, 0.95), -1, 1, 0);
    assert_no_interval(stat_newcombe((struct stat_two_by_two){3, 2, 0, 1}, 0.95));
    assert_no_interval(stat_newcombe(first, 1));
    assert_no_interval(stat_newcombe(first, NAN));
}

static void newcombe_coverage(void **state)
{
    (void)state;
    enum { N = 40 };
    double sum = 0;
    int cases = 0;
    for (double a_rate = 0.05; a_rate < 0.6; a_rate += 0.1) {
        for (double b_rate = 0.05; b_rate < 0.6; b_rate += 0.1, cases++) {
            for (uint64_t a = 0; a <= N; a++) {
                for (uint64_t b = 0; b <= N; b++) {
                    struct stat_interval got =
                        stat_newcombe((struct stat_two_by_two){a, N, b, N}, 0.95);
                    double difference = b_rate - a_rate;
                    if (got.low <= difference && difference <= got.high)
                        sum += stat_binomial_density((double)a, N, a_rate) *
                               stat_binomial_density((double)b, N, b_rate);
                }
            }
        }
    }
    assert_near(sum / cases, 0.95, 0.015);
    print_message("coverage at 0.95: Newcombe %.4f\n", sum / cases);
}

static void degenerate_input(void **state)
{
    (void)state;
    double (*const tests[])(struct stat_two_by_two) = {stat_fisher, stat_fisher_two_sided,
                                                       stat_boschloo};
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        assert_near(tests[i]((struct stat_two_by_two){0, 0, 0, 0}), 1, 0);
        assert_near(tests[i]((struct stat_two_by_two){0, 0, 3, 5}), 1, 0);
        assert_near(tests[i]((struct stat_two_by_two){3, 5, 0, 0}), 1, 0);
        assert_near(tests[i]((struct stat_two_by_two){0, 9, 0, 5}), 1, 1e-12);
        assert_near(tests[i]((struct stat_two_by_two){9, 9, 5, 5}), 1, 1e-12);
        assert_near(tests[i]((struct stat_two_by_two){1, 1, 0, 1}), 1, 1e-12);
        assert_nan(tests[i]((struct stat_two_by_two){6, 5, 0, 5}));
        assert_nan(tests[i]((struct stat_two_by_two){0, 5, 6, 5}));
        assert_nan(tests[i]((struct stat_two_by_two){0, STAT_TABLE_MAX + 1, 0, 5}));
    }
    assert_nan(stat_boschloo((struct stat_two_by_two){0, 5, 1, STAT_BOSCHLOO_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fisher),
        cmocka_unit_test(boschloo),
        cmocka_unit_test(fisher_by_brute_force),
        cmocka_unit_test(region),
        cmocka_unit_test(size_of_the_tests),
        cmocka_unit_test(mcnemar),
        cmocka_unit_test(newcombe),
        cmocka_unit_test(newcombe_coverage),
        cmocka_unit_test(degenerate_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
