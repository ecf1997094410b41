/* SPDX-License-Identifier: MIT
 *
 * The exact Poisson interval: known values, degenerate input, coverage by exact summation.
 */
#include "harness/judge/stat_poisson.h"

#include "tests/unit/judge/stat_check.h"

static void known_values(void **state)
{
    (void)state;
    static const struct {
        uint64_t k;
        double confidence, low, high;
    } rows[] = {
        {0, 0.95, 0, 3.688879454114},
        {1, 0.95, 0.02531780798429, 5.571643390939},
        {2, 0.95, 0.242209278544, 7.224687667724},
        {10, 0.99, 3.716922131467, 21.39782749965},
        {100, 0.95, 81.36399125092, 121.6267937924},
        {10000, 0.95, 9804.95246726, 10197.95162466},
        {1000000000, 0.95, 999938021.4439, 1000061981.45},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stat_interval got = stat_poisson_rate(rows[i].k, 1, 1, rows[i].confidence);
        assert_close(got.low, rows[i].low, 1e-9);
        assert_close(got.high, rows[i].high, 1e-9);
    }
    /* 2 findings in 40,000 cycles, per million */
    struct stat_interval one = stat_poisson_rate(2, 1, 1, 0.95);
    struct stat_interval rate = stat_poisson_rate(2, 40000, 1e6, 0.95);
    assert_close(rate.low, one.low * 25, 1e-12);
    assert_close(rate.high, one.high * 25, 1e-12);
}

static void degenerate_input(void **state)
{
    (void)state;
    assert_interval(stat_poisson_rate(0, 0, 1e6, 0.95), 0, INFINITY, 0);
    assert_interval(stat_poisson_rate(3, 0, 1e6, 0.95), 0, INFINITY, 0);
    assert_interval(stat_poisson_rate(0, 5e-324, 1, 0.95), 0, INFINITY, 0);
    assert_interval(stat_poisson_rate(UINT64_MAX, 1, 1e6, 0.95), 0, INFINITY, 0);
    assert_no_interval(stat_poisson_rate(1, -1, 1e6, 0.95));
    assert_no_interval(stat_poisson_rate(1, NAN, 1e6, 0.95));
    assert_no_interval(stat_poisson_rate(1, 1, 0, 0.95));
    assert_no_interval(stat_poisson_rate(1, INFINITY, 1, 0.95));
    assert_no_interval(stat_poisson_rate(1, 1, 1, 1));
    assert_no_interval(stat_poisson_rate(1, 1, 1, NAN));
    struct stat_interval narrow = stat_poisson_rate(5, 1, 1, 0.001);
    assert_true(narrow.low > 4 && narrow.high < 6);
}

static void coverage(void **state)
{
    (void)state;
    for (double mean = 0.25; mean < 20; mean += 0.25) {
        double covered = 0;
        for (uint64_t k = 0; k < 80; k++) {
            struct stat_interval got = stat_poisson_rate(k, 1, 1, 0.95);
            if (got.low <= mean && mean <= got.high)
                covered += stat_poisson_density((double)k, mean);
        }
        assert_true(covered >= 0.95 - 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(degenerate_input),
        cmocka_unit_test(coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
