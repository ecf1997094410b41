/* SPDX-License-Identifier: MIT
 *
 * Buffers, failures, choices and the clock: the small things that all else leans on.
 */
#include "harness/base/buffer.h"
#include "harness/base/clock.h"
#include "harness/base/failure.h"
#include "harness/base/prf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_buffer_grows_and_ends_with_zero(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    assert_string_equal(buffer_text(&buffer), "");
    for (int i = 0; i < 1000; i++) {
        buffer_printf(&buffer, "%d,", i);
    }
    assert_int_equal(buffer.length, strlen(buffer_text(&buffer)));
    assert_int_equal(buffer.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_false(buffer.truncated);
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
}

static void test_buffer_stops_at_its_ceiling(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    buffer.ceiling = 10;
    buffer_puts(&buffer, "12345678");
    assert_false(buffer.truncated);
    buffer_printf(&buffer, "%s", "abcdef");
    assert_true(buffer.truncated);
    assert_string_equal(buffer_text(&buffer), "12345678ab");
    buffer_puts(&buffer, "x");
    assert_string_equal(buffer_text(&buffer), "12345678ab");
    buffer_clear(&buffer);
    assert_int_equal(buffer.ceiling, 10);
}

static void test_failures_carry_their_exit_code(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(failure_set(&failure, FAILURE_USAGE, "no such %s", "thing"), -1);
    assert_string_equal(failure.text, "no such thing");
    assert_int_equal(failure_exit_code(&failure), 2);
    assert_int_equal(failure_errno(&failure, FAILURE_ENVIRONMENT, ENOSPC, "cannot write"), -1);
    assert_string_equal(failure.text, "cannot write: No space left on device");
    assert_int_equal(failure_exit_code(&failure), 3);
    assert_int_equal(failure_set(NULL, FAILURE_USAGE, "nobody listens"), -1);
}

static void test_choices_depend_on_every_part_of_their_key(void **state)
{
    (void)state;
    uint64_t base = prf(1, PRF_JITTER, 2, 3, 4);
    assert_int_equal(base, prf(1, PRF_JITTER, 2, 3, 4));
    assert_int_not_equal(base, prf(2, PRF_JITTER, 2, 3, 4));
    assert_int_not_equal(base, prf(1, PRF_NONCE, 2, 3, 4));
    assert_int_not_equal(base, prf(1, PRF_JITTER, 3, 2, 4));
    assert_int_not_equal(base, prf(1, PRF_JITTER, 2, 4, 3));
}

static void test_choices_are_uniform_enough(void **state)
{
    (void)state;
    enum { N = 100000, CELLS = 10 };
    int cells[CELLS] = {0};
    double sum = 0;
    for (uint64_t i = 0; i < N; i++) {
        uint64_t bits = prf(42, PRF_FAULT, i, 0, 0);
        cells[prf_below(bits, CELLS)]++;
        sum += prf_unit(bits);
    }
    double chi_squared = 0;
    for (int i = 0; i < CELLS; i++) {
        double surplus = cells[i] - N / (double)CELLS;
        chi_squared += surplus * surplus / (N / (double)CELLS);
    }
    /* 9 degrees of freedom: above 27.9 once in a thousand; the key is fixed, so this cannot flake.
     */
    assert_true(chi_squared < 27.9);
    assert_true(sum / N > 0.497 && sum / N < 0.503);
    assert_int_equal(prf_below(UINT64_MAX, 0), 0);
    assert_int_equal(prf_below(UINT64_MAX, 7), 6);
}

static void test_clock(void **state)
{
    (void)state;
    uint64_t first = clock_now();
    assert_true(first > 0 && clock_now() >= first);
    struct timespec split = clock_timespec(3 * NS_PER_S + 5);
    assert_int_equal(split.tv_sec, 3);
    assert_int_equal(split.tv_nsec, 5);
    char text[32];
    clock_rfc3339(text, sizeof text);
    assert_int_equal(strlen(text), 20);
    assert_int_equal(text[10], 'T');
    clock_file_stamp(text, sizeof text);
    assert_int_equal(strlen(text), 16);
    clock_rfc3339(text, 5);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_grows_and_ends_with_zero),
        cmocka_unit_test(test_buffer_stops_at_its_ceiling),
        cmocka_unit_test(test_failures_carry_their_exit_code),
        cmocka_unit_test(test_choices_depend_on_every_part_of_their_key),
        cmocka_unit_test(test_choices_are_uniform_enough),
        cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
