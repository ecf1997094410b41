/* SPDX-License-Identifier: MIT
 *
 * Bounded output: the head and the tail stay whatever comes in whatever pieces.
 */
#include "harness/watch/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Byte i of an endless text without line ends. */
static char byte_at(size_t i)
{
    return (char)('a' + (i * 7 + i / 26) % 26);
}

static void keep_pattern(struct output *output, size_t total, size_t piece)
{
    char bytes[512];
    for (size_t at = 0; at < total;) {
        size_t length = total - at < piece ? total - at : piece;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = byte_at(at + i);
        }
        output_keep(output, bytes, length);
        at += length;
    }
}

static void test_head_and_tail(void **state)
{
    (void)state;
    static const size_t totals[] = {0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 97, 1000};
    static const size_t pieces[] = {1, 2, 31, 32, 33, 64, 500};
    for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++) {
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            struct output output = OUTPUT_INIT;
            struct buffer text = BUFFER_INIT;
            output_open(&output, -1, 64);
            keep_pattern(&output, totals[t], pieces[p]);
            assert_int_equal(output_total(&output), totals[t]);
            output_text(&output, &text);
            size_t head = totals[t] < 32 ? totals[t] : 32;
            size_t tail = totals[t] - head < 32 ? totals[t] - head : 32;
            for (size_t i = 0; i < head; i++) {
                assert_int_equal(text.text[i], byte_at(i));
            }
            for (size_t i = 0; i < tail; i++) {
                assert_int_equal(text.text[text.length - tail + i], byte_at(totals[t] - tail + i));
            }
            assert_int_equal(strstr(buffer_text(&text), "left out") != NULL, totals[t] > 64);
            buffer_clear(&text);
            output_release(&output);
        }
    }
}

static void test_end_begins_at_a_line(void **state)
{
    (void)state;
    struct output output = OUTPUT_INIT;
    struct buffer text = BUFFER_INIT;
    output_open(&output, -1, 1000);
    output_keep(&output, "first line\nsecond line\nthird\n", 29);
    output_end(&output, 15, &text);
    assert_string_equal(buffer_text(&text), "third\n");
    buffer_clear(&text);
    output_end(&output, 1000, &text);
    assert_string_equal(buffer_text(&text), "first line\nsecond line\nthird\n");
    buffer_clear(&text);
    output_release(&output);
}

static void test_drain_takes_what_is_there(void **state)
{
    (void)state;
    struct output output = OUTPUT_INIT;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    output_open(&output, ends[0], 100);
    output_drain(&output); /* nothing there: does not block */
    assert_int_equal(output_total(&output), 0);
    assert_int_equal(write(ends[1], "\0\xff\n", 3), 3);
    output_drain(&output);
    assert_int_equal(output_total(&output), 3);
    assert_true(output.fd >= 0);
    (void)close(ends[1]);
    output_drain(&output);
    assert_int_equal(output.fd, -1);
    output_release(&output);
    output_release(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_and_tail),
        cmocka_unit_test(test_end_begins_at_a_line),
        cmocka_unit_test(test_drain_takes_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
