/* SPDX-License-Identifier: MIT
 *
 * Callgrind's sum is read from its output, and nothing else is taken for it.
 */
#include "harness/watch/callgrind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void reads_the_total(void **state)
{
    (void)state;
    assert_int_equal(callgrind_total("fn=(1)\n0 5\n\ntotals: 123456789012\n"),
                     UINT64_C(123456789012));
    static const char *const others[] = {
        "",
        "totals: 5\n",
        "\ntotals: \n",
        "\ntotals: -5\n",
        "\ntotals: 5 6\n",
        "\ntotals: 99999999999999999999999\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(callgrind_total(others[i]), 0);
    }
}

static void takes_the_file_away(void **state)
{
    (void)state;
    struct callgrind callgrind;
    char folder[] = "/tmp/eighth-callgrind-XXXXXX";
    assert_non_null(mkdtemp(folder));
    callgrind_prepare(&callgrind, "/bin/valgrind", "/bin/worker", folder);
    assert_string_equal(callgrind.words[0], "/bin/valgrind");
    assert_string_equal(callgrind.words[CALLGRIND_WORDS - 1], "/bin/worker");
    assert_int_equal(callgrind_take(&callgrind), 0); /* there is none */
    FILE *file = fopen(callgrind.out, "we");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        (void)fprintf(file, "fn=(%d) some_function\n%d 17\n", i, i);
    }
    (void)fputs("\ntotals: 17000\n", file);
    (void)fclose(file);
    assert_int_equal(callgrind_take(&callgrind), 17000);
    assert_int_not_equal(access(callgrind.out, F_OK), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void finds_valgrind_in_the_path(void **state)
{
    (void)state;
    char found[256];
    char folder[] = "/tmp/eighth-callgrind-XXXXXX";
    char path[600];
    char program[300];
    char *before = strdup(getenv("PATH"));
    assert_non_null(mkdtemp(folder));
    (void)snprintf(program, sizeof program, "%s/valgrind", folder);
    (void)snprintf(path, sizeof path, "/nowhere:%s", folder);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_false(callgrind_find(found, sizeof found));
    assert_int_equal(symlink("/bin/sh", program), 0);
    assert_true(callgrind_find(found, sizeof found));
    assert_string_equal(found, program);
    assert_int_equal(setenv("PATH", before, 1), 0);
    free(before);
    assert_int_equal(unlink(program), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_total),
        cmocka_unit_test(takes_the_file_away),
        cmocka_unit_test(finds_valgrind_in_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
