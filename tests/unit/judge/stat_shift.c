/* SPDX-License-Identifier: MIT
 *
 * The shift between two samples: places against tables and brute force, exact values, coverage by
 * simulation, input that has no answer.
 */
#include "harness/judge/stat_rank.h"
#include "tests/unit/judge/stat_check.h"

static uint64_t place_of(size_t n, size_t m, double confidence)
{
    uint64_t place = 99;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_mann_whitney_place(n, m, confidence, &place, &failure), 0);
    return place;
}

/* Published critical values of U, two-sided at 0.05, plus one. */
static void test_places_of_tables(void **state)
{
    (void)state;
    static const uint64_t table[][3] = {{3, 3, 0},    {4, 4, 1},   {5, 5, 3},
                                        {6, 6, 6},    {7, 5, 6},   {8, 8, 14},
                                        {10, 10, 24}, {12, 8, 23}, {20, 20, 128}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        assert_int_equal(place_of(table[i][0], table[i][1], 0.95), table[i][2]);
        assert_int_equal(place_of(table[i][1], table[i][0], 0.95), table[i][2]);
    }
    assert_int_equal(place_of(0, 5, 0.95), 0);
}

/* Of all choices of n out of n + m ranks, how many have U < k. */
static void test_places_by_brute_force(void **state)
{
    (void)state;
    for (unsigned n = 2; n <= 6; n++) {
        for (unsigned m = 2; m <= 6; m++) {
            uint64_t place = place_of(n, m, 0.9);
            unsigned all = 0;
            unsigned below = 0;
            unsigned next = 0;
            for (unsigned set = 0; set < 1U << (n + m); set++) {
                unsigned u = 0;
                unsigned others = 0;
                for (unsigned i = 0; i < n + m; i++) {
                    u += (set >> i & 1U) != 0 ? others : 0;
                    others += (set >> i & 1U) == 0;
                }
                if (others == m) {
                    all++;
                    below += u < place;
                    next += u < place + 1;
                }
            }
            assert_true((double)below / all <= 0.05);
            assert_true((double)next / all >= 0.05);
        }
    }
}

static void test_shift(void **state)
{
    (void)state;
    const double first[] = {1, 2, 4, 8};
    const double second[] = {11, 12.5, 14, 18};
    struct stat_location got;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(stat_hodges_lehmann_shift(first, 4, second, 4, 0.95, &got, &failure), 0);
    assert_near(got.estimate, 10, 1e-12);
    assert_interval(got.interval, 3, 17, 1e-12);
    assert_int_equal(stat_hodges_lehmann_shift(second, 4, first, 4, 0.95, &got, &failure), 0);
    assert_near(got.estimate, -10, 1e-12);
    assert_int_equal(stat_hodges_lehmann_shift(first, 2, second, 2, 0.95, &got, &failure), 0);
    assert_true(isinf(got.interval.low) && isinf(got.interval.high));
    assert_int_equal(stat_hodges_lehmann_shift(first, 4, second, 0, 0.95, &got, &failure), 0);
    assert_nan(got.estimate);
    const double bad[] = {1, NAN};
    assert_int_equal(stat_hodges_lehmann_shift(bad, 2, second, 4, 0.95, &got, &failure), -1);
    assert_int_equal(stat_hodges_lehmann_shift(first, 4, second, 4, 1, &got, &failure), -1);
}

/* The interval covers the true shift in at least 95 % of samples, also in the approximate range. */
static void test_coverage(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{5, 7}, {10, 10}, {50, 45}};
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        int covered = 0;
        for (uint64_t run = 0; run < 2000; run++) {
            double first[50];
            double second[50];
            struct stat_location got;
            for (size_t i = 0; i < 50; i++) {
                first[i] = sample_normal(run, i);
                second[i] = sample_normal(run, i + 100) + 0.7;
            }
            assert_int_equal(stat_hodges_lehmann_shift(first, sizes[s][0], second, sizes[s][1],
                                                       0.95, &got, NULL),
                             0);
            covered += got.interval.low <= 0.7 && 0.7 <= got.interval.high;
        }
        assert_in_range(covered, 1880, 1960); /* 94 to 98 %: small samples are discrete */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_of_tables),
        cmocka_unit_test(test_places_by_brute_force),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
