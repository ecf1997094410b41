/* SPDX-License-Identifier: MIT
 *
 * Rank tests and the Hodges-Lehmann estimate: published examples, SciPy's values, brute force over
 * all regroupings and signs, degenerate input, coverage by simulation.
 */
#include "harness/judge/stat_rank.h"

#include "tests/unit/judge/stat_check.h"

static struct stat_rank_test u_test(const double *a, size_t a_n, const double *b, size_t b_n)
{
    struct stat_rank_test test = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_mann_whitney(a, a_n, b, b_n, &test, &failure), 0);
    return test;
}

static struct stat_rank_test signs_test(const double *differences, size_t n)
{
    struct stat_rank_test test = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_signed_rank(differences, n, &test, &failure), 0);
    return test;
}

static void mann_whitney(void **state)
{
    (void)state;
    const double low[] = {1, 2, 3, 4};
    const double high[] = {5, 6, 7, 8};
    struct stat_rank_test got = u_test(low, 4, high, 4);
    assert_true(got.exact);
    assert_near(got.statistic, 0, 0);
    assert_near(got.p_two_sided, 2.0 / 70, 1e-12);
    assert_near(got.p_less, 1.0 / 70, 1e-12);
    assert_near(got.p_greater, 1, 1e-12);
    assert_near(u_test(high, 4, low, 4).p_greater, 1.0 / 70, 1e-12);

    const double mixed[] = {2, 1, 3, 5};
    const double others[] = {0, 4, 6, 7};
    got = u_test(mixed, 4, others, 4);
    assert_near(got.statistic, 5, 0);
    assert_near(got.p_two_sided, 34.0 / 70, 1e-12);

    const double three[] = {1.1, 2.2, 3.3};
    const double five[] = {0.5, 4, 5, 6, 7.5};
    got = u_test(three, 3, five, 5);
    assert_near(got.statistic, 3, 0);
    assert_near(got.p_two_sided, 0.25, 1e-12);
    assert_near(got.p_greater, 0.9285714285714285, 1e-12);
}

static void mann_whitney_with_ties(void **state)
{
    (void)state;
    const double before[] = {3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062};
    const double after[] = {3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062};
    struct stat_rank_test got = u_test(before, 10, after, 10);
    assert_true(got.exact);
    assert_near(got.statistic, 39.5, 0);
    assert_near(got.p_two_sided, 82420.0 / 184756, 1e-12);
}

static void mann_whitney_approximate(void **state)
{
    (void)state;
    double first[60];
    double second[50];
    for (int i = 0; i < 60; i++)
        first[i] = i * 7 % 13;
    for (int i = 0; i < 50; i++)
        second[i] = i * 5 % 17;
    struct stat_rank_test got = u_test(first, 60, second, 50);
    assert_false(got.exact);
    assert_near(got.statistic, 1144, 0);
    assert_near(got.p_two_sided, 0.032465041931523955, 1e-9);
    assert_near(got.p_less, 0.016232520965761978, 1e-9);
    assert_near(got.p_greater, 0.9840097116866761, 1e-9);
    for (int i = 0; i < 60; i++)
        first[i] = 4;
    assert_near(u_test(first, 60, first, 50).p_two_sided, 1, 0);
}

/* Where the exact computation ends, the approximation must already be near. */
static void approximation_joins(void **state)
{
    (void)state;
    double first[41];
    double second[40];
    for (uint64_t i = 0; i < 41; i++)
        first[i] = sample_normal(1, i);
    for (uint64_t i = 0; i < 40; i++)
        second[i] = sample_normal(2, i) + 0.4;
    struct stat_rank_test exact = u_test(first, 40, second, 40);
    assert_true(exact.exact);
    assert_false(u_test(first, 41, second, 40).exact);
    double deviation = sqrt(40.0 * 40 * 81 / 12);
    double z = (fabs(exact.statistic - 800) - 0.5) / deviation;
    assert_near(exact.p_two_sided, erfc(z / M_SQRT2), 0.002);
}

static void mann_whitney_degenerate(void **state)
{
    (void)state;
    const double some[] = {1, 2, 3};
    const double wrong[] = {1, NAN};
    const double endless[] = {INFINITY, INFINITY, INFINITY};
    struct failure failure = FAILURE_INIT;
    struct stat_rank_test test = {0};
    assert_near(u_test(NULL, 0, some, 3).p_two_sided, 1, 0);
    assert_near(u_test(some, 3, NULL, 0).p_two_sided, 1, 0);
    assert_near(u_test(NULL, 0, NULL, 0).p_two_sided, 1, 0);
    assert_near(u_test(endless, 3, endless, 3).p_two_sided, 1, 0);
    assert_near(u_test(some, 3, endless, 3).p_less, 0.05, 1e-12);
    assert_int_equal(stat_mann_whitney(some, 3, wrong, 2, &test, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    assert_int_equal(stat_mann_whitney(some, STAT_RANK_MAX + 1, some, 3, &test, NULL), -1);
}

static const double darwin[] = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};

static void signed_rank(void **state)
{
    (void)state;
    struct stat_rank_test got = signs_test(darwin, 15);
    assert_true(got.exact);
    assert_near(got.statistic, 96, 0);
    assert_near(got.p_two_sided, 0.0412598, 1e-7);
    const double tied[] = {1, -1, 2, 2, -3, 3, 3, 0, 4, -5};
    got = signs_test(tied, COUNT_OF(tied));
    assert_int_equal(got.used, 9);
    assert_near(got.statistic, 28.5, 0);
    assert_near(got.p_less, 0.765625, 1e-12);
    assert_near(got.p_greater, 0.25, 1e-12);
    assert_near(got.p_two_sided, 0.5, 1e-12);
}

static void signed_rank_by_brute_force(void **state)
{
    (void)state;
    const double all[] = {-3, 1, 4, 1, -5, 9, 2, 6, 5, 3, 2.5};
    const double all_ranks[] = {5.5, 1.5, 7, 1.5, 8.5, 11, 3, 10, 8.5, 5.5, 4};
    double own = 0;
    for (int i = 0; i < 11; i++)
        own += all[i] > 0 ? all_ranks[i] : 0;
    int below = 0;
    int above = 0;
    for (unsigned signs = 0; signs < 1U << 11; signs++) {
        double sum = 0;
        for (unsigned i = 0; i < 11; i++)
            sum += signs >> i & 1 ? all_ranks[i] : 0;
        below += sum <= own;
        above += sum >= own;
    }
    struct stat_rank_test got = signs_test(all, 11);
    assert_near(got.statistic, own, 0);
    assert_near(got.p_less, below / 2048.0, 1e-12);
    assert_near(got.p_greater, above / 2048.0, 1e-12);
}

static void signed_rank_approximate(void **state)
{
    (void)state;
    double differences[300];
    for (int i = 0; i < 300; i++)
        differences[i] = i * 37 % 101 - 40;
    struct stat_rank_test got = signs_test(differences, 300);
    assert_false(got.exact);
    assert_near(got.statistic, 30000, 0);
    assert_close(got.p_two_sided, 1.0654509258116039e-07, 1e-6);
    assert_close(got.p_less, 0.9999999469246169, 1e-9);
}

static void signed_rank_degenerate(void **state)
{
    (void)state;
    const double zeros[] = {0, 0, -0.0};
    const double wrong[] = {1, NAN};
    struct failure failure = FAILURE_INIT;
    struct stat_rank_test test = {0};
    assert_near(signs_test(NULL, 0).p_two_sided, 1, 0);
    assert_near(signs_test(zeros, 3).p_two_sided, 1, 0);
    assert_int_equal(signs_test(zeros, 3).used, 0);
    assert_int_equal(stat_signed_rank(wrong, 2, &test, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    assert_int_equal(stat_signed_rank(zeros, STAT_RANK_MAX + 1, &test, &failure), -1);
}

static void places(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint64_t place;
    } rows[] = {{0, 0},  {1, 0},   {5, 0},   {6, 1},   {8, 4},
                {10, 9}, {12, 14}, {15, 26}, {20, 53}, {30, 138}};
    struct failure failure = FAILURE_INIT;
    uint64_t place = 99;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(stat_signed_rank_place(rows[i].n, 0.95, &place, &failure), 0);
        assert_int_equal(place, rows[i].place);
    }
    uint64_t exact = 0;
    assert_int_equal(stat_signed_rank_place(STAT_SIGNED_RANK_EXACT, 0.95, &exact, NULL), 0);
    assert_int_equal(stat_signed_rank_place(STAT_SIGNED_RANK_EXACT + 1, 0.95, &place, NULL), 0);
    assert_true(place > exact && place < exact + 150);
    assert_int_equal(stat_signed_rank_place(8, 1, &place, &failure), -1);
    assert_int_equal(stat_signed_rank_place(8, NAN, &place, &failure), -1);
    assert_int_equal(stat_signed_rank_place(STAT_HODGES_LEHMANN_MAX + 1, 0.9, &place, NULL), -1);
}

static void hodges_lehmann(void **state)
{
    (void)state;
    struct stat_location got = {0};
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_hodges_lehmann(darwin, 15, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 25, 1e-12);
    assert_interval(got.interval, 4, 41.5, 1e-12);
    assert_int_equal(stat_hodges_lehmann(darwin, 5, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 14, 1e-12);
    assert_interval(got.interval, -INFINITY, INFINITY, 0);
    assert_int_equal(stat_hodges_lehmann(NULL, 0, 0.95, &got, &failure), 0);
    assert_nan(got.estimate);
    const double equal[] = {3, 3, 3, 3, 3, 3, 3};
    assert_int_equal(stat_hodges_lehmann(equal, 7, 0.95, &got, &failure), 0);
    assert_interval(got.interval, 3, 3, 0);
    const double wrong[] = {1, 2, INFINITY};
    assert_int_equal(stat_hodges_lehmann(wrong, 3, 0.95, &got, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    assert_int_equal(stat_hodges_lehmann(darwin, 15, 0, &got, &failure), -1);
}

/* Normal and double exponential samples around 3. */
static void hodges_lehmann_coverage(void **state)
{
    (void)state;
    enum { RUNS = 4000, N = 12 };
    int covered[2] = {0, 0};
    for (uint64_t run = 0; run < RUNS; run++) {
        double samples[2][N];
        for (uint64_t i = 0; i < N; i++) {
            double u = sample_unit(run, i) - 0.5;
            samples[0][i] = 3 + sample_normal(run, i);
            samples[1][i] = 3 - copysign(log1p(-2 * fabs(u)), u);
        }
        for (int kind = 0; kind < 2; kind++) {
            struct stat_location got = {0};
            assert_int_equal(stat_hodges_lehmann(samples[kind], N, 0.95, &got, NULL), 0);
            covered[kind] += got.interval.low <= 3 && 3 <= got.interval.high;
        }
    }
    print_message("coverage at 0.95: Hodges-Lehmann %.4f normal, %.4f double exponential\n",
                  (double)covered[0] / RUNS, (double)covered[1] / RUNS);
    /* For n = 12 the interval covers with 1 - 2 * P(W < 14) = 0.9575 exactly. */
    assert_near((double)covered[0] / RUNS, 0.9575, 0.011);
    assert_near((double)covered[1] / RUNS, 0.9575, 0.011);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mann_whitney),
        cmocka_unit_test(mann_whitney_with_ties),
        cmocka_unit_test(mann_whitney_approximate),
        cmocka_unit_test(approximation_joins),
        cmocka_unit_test(mann_whitney_degenerate),
        cmocka_unit_test(signed_rank),
        cmocka_unit_test(signed_rank_by_brute_force),
        cmocka_unit_test(signed_rank_approximate),
        cmocka_unit_test(signed_rank_degenerate),
        cmocka_unit_test(places),
        cmocka_unit_test(hodges_lehmann),
        cmocka_unit_test(hodges_lehmann_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
