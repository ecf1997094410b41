/* SPDX-License-Identifier: MIT
 *
 * What the tests of the statistics share: comparison of doubles that prints both sides, and
 * pseudo-random samples of a fixed seed.
 */
#ifndef TESTS_STAT_CHECK_H
#define TESTS_STAT_CHECK_H

#include "harness/base/prf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline void check_near(double got, double expected, double tolerance, const char *text,
                              const char *file, int line)
{
    if (got == expected || fabs(got - expected) <= tolerance)
        return;
    print_error("%s: got %.12g, expected %.12g (+- %g)\n", text, got, expected, tolerance);
    _fail(file, line);
}

/** Absolute tolerance; NaN is near nothing. */
#define assert_near(got, expected, tolerance) \
    check_near(got, expected, tolerance, #got, __FILE__, __LINE__)

/** Relative tolerance. */
#define assert_close(got, expected, tolerance) \
    check_near(got, expected, (tolerance)*fabs(expected), #got, __FILE__, __LINE__)

#define assert_interval(got, expected_low, expected_high, tolerance) \
    do {                                                             \
        assert_near((got).low, expected_low, tolerance);             \
        assert_near((got).high, expected_high, tolerance);           \
    } while (0)

#define assert_nan(value) assert_true(isnan(value))

#define assert_no_interval(got) \
    do {                        \
        assert_nan((got).low);  \
        assert_nan((got).high); \
    } while (0)

/** The value number i of sample number n: uniform in [0, 1). */
static inline double sample_unit(uint64_t n, uint64_t i)
{
    return prf_unit(prf(20240229, PRF_JITTER, n, i, 0));
}

/** The same, standard normal (Box and Muller). */
static inline double sample_normal(uint64_t n, uint64_t i)
{
    double radius = 1 - prf_unit(prf(20240229, PRF_JITTER, n, i, 1));
    double angle = prf_unit(prf(20240229, PRF_JITTER, n, i, 2));
    return sqrt(-2 * log(radius)) * cos(2 * M_PI * angle);
}

#endif
