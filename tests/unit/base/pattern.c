/* SPDX-License-Identifier: MIT
 *
 * The pattern of bodies: filling from any place gives the bytes of that place.
 */
#include "harness/base/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void fills_as_documented(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    pattern_fill(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(bytes[i], (i * 31 + 7) % 256);
    }
}

static void fills_in_pieces(void **state)
{
    (void)state;
    uint8_t whole[777];
    uint8_t piece[777];
    pattern_fill(whole, UINT64_C(1) << 40, sizeof whole);
    for (size_t cut = 0; cut <= sizeof whole; cut += 37) {
        pattern_fill(piece, UINT64_C(1) << 40, cut);
        pattern_fill(piece + cut, (UINT64_C(1) << 40) + cut, sizeof whole - cut);
        assert_memory_equal(whole, piece, sizeof whole);
    }
}

static void finds_every_wrong_byte(void **state)
{
    (void)state;
    uint8_t bytes[300];
    pattern_fill(bytes, 5, sizeof bytes);
    assert_true(pattern_matches(bytes, 5, sizeof bytes));
    assert_false(pattern_matches(bytes, 6, sizeof bytes));
    assert_true(pattern_matches(bytes, 6, 0));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        assert_false(pattern_matches(bytes, 5, sizeof bytes));
        bytes[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_as_documented),
        cmocka_unit_test(fills_in_pieces),
        cmocka_unit_test(finds_every_wrong_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
