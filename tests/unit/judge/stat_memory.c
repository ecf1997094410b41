/* SPDX-License-Identifier: MIT
 *
 * Every statistic that needs memory, with each of its allocations failing in turn: it must say so,
 * touch nothing and leak nothing (LeakSanitizer watches in the asan flavor).
 */
#include "harness/judge/stat_budget.h"
#include "harness/judge/stat_multiple.h"
#include "harness/judge/stat_rank.h"
#include "harness/judge/stat_sample.h"
#include "harness/judge/stat_trend.h"
#include "harness/judge/stat_two_by_two.h"

#include "tests/unit/judge/stat_check.h"

#include <dlfcn.h>
#include <string.h>

static long allocations_left = -1; /* before one fails; -1: none does */
#ifndef __SANITIZE_THREAD__        /* its runtime cannot have its allocator wrapped */

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);

__attribute__((visibility("default"))) void *malloc(size_t size);
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size);

static bool fails_now(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

void *malloc(size_t size)
{
    if (!next_malloc) {
        void *symbol = next("malloc");
        memcpy(&next_malloc, &symbol, sizeof(symbol));
    }
    return fails_now() ? NULL : next_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (!next_calloc) {
        void *symbol = next("calloc");
        memcpy(&next_calloc, &symbol, sizeof(symbol));
    }
    return fails_now() ? NULL : next_calloc(count, size);
}

#endif

enum { N = 8 };
static const double a[N] = {100, 104, 98, 110, 101, 99, 103, 107};
static const double b[N] = {108, 109, 105, 119, 104, 107, 111, 112};

static int run_mann_whitney(struct failure *failure)
{
    struct stat_rank_test test;
    return stat_mann_whitney(a, N, b, N, &test, failure);
}

static int run_signed_rank(struct failure *failure)
{
    struct stat_rank_test test;
    return stat_signed_rank(a, N, &test, failure);
}

static int run_hodges_lehmann(struct failure *failure)
{
    struct stat_location location;
    return stat_hodges_lehmann(a, N, 0.95, &location, failure);
}

static int run_theil_sen(struct failure *failure)
{
    struct stat_slope slope;
    return stat_theil_sen(a, b, N, 0.95, &slope, failure);
}

static int run_mann_kendall(struct failure *failure)
{
    struct stat_mann_kendall trend;
    return stat_mann_kendall(a, N, &trend, failure);
}

static int run_median(struct failure *failure)
{
    struct stat_median median;
    return stat_median_interval(a, N, 0.95, &median, failure);
}

static int run_outliers(struct failure *failure)
{
    bool flags[N];
    return stat_flag_outliers(a, N, flags, failure) < 0 ? -1 : 0;
}

static int run_holm(struct failure *failure)
{
    double p[2] = {0.1, 0.2};
    return stat_holm(p, 2, p, failure);
}

static int run_hochberg(struct failure *failure)
{
    double p[2] = {0.1, 0.2};
    return stat_benjamini_hochberg(p, 2, p, failure);
}

/* These tell of a lack of memory by NaN. */
static int as_result(double value, struct failure *failure)
{
    return isnan(value) ? failure_set(failure, FAILURE_ENVIRONMENT, "no memory") : 0;
}

static int run_boschloo(struct failure *failure)
{
    return as_result(stat_boschloo((struct stat_two_by_two){0, 5, 4, 5}), failure);
}

static int run_power(struct failure *failure)
{
    return as_result(stat_fisher_power(20, 0, 20, 0.5, 0.05), failure);
}

static int run_detectable(struct failure *failure)
{
    return as_result(stat_detectable_rate(20, 0, 20, 0.05, 0.9), failure);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();
#endif
    static int (*const runs[])(struct failure *) = {
        run_mann_whitney, run_signed_rank, run_hodges_lehmann, run_theil_sen,
        run_mann_kendall, run_median,      run_outliers,       run_holm,
        run_hochberg,     run_boschloo,    run_power,          run_detectable,
    };
    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        int failed = 0;
        int result = -1;
        for (long n = 0; result != 0 && n < 100; n++) {
            struct failure failure = FAILURE_INIT;
            allocations_left = n;
            result = runs[i](&failure);
            bool injected = allocations_left < 0;
            allocations_left = -1;
            assert_int_equal(result, injected ? -1 : 0);
            assert_int_equal(failure.kind, injected ? FAILURE_ENVIRONMENT : FAILURE_NONE);
            failed += injected;
        }
        assert_int_equal(result, 0);
        assert_true(failed > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
