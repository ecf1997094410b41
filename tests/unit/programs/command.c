/* SPDX-License-Identifier: MIT
 *
 * What a program sees, and what it is.
 */
#include "harness/programs/command.h"
#include "harness/programs/binary.h"
#include "harness/programs/leftovers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const values[PLACEHOLDERS] = {"h", "1", "/p", "c", "s", "2", "3", "4", "5"};
static const char *const own[] = {"SECRET=1",           "PATH=/bin", "ASAN_OPTIONS=verbosity=1",
                                  "EIGHTH_PROGRAM=9.9", "LANG=C",    NULL};

static const char *find(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    const char *found = NULL;
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            assert_null(found); /* once only */
            found = *environment + length + 1;
        }
    }
    return found;
}

static void test_few_or_all_of_the_environment(void **state)
{
    (void)state;
    char *exec[] = {(char[]){"x"}, (char[]){"{host}:{port}"}, (char[]){""}, NULL};
    char *env[] = {(char[]){"LANG=de"}, (char[]){"MINE={path}"}, NULL};
    struct client_model client = {.exec = exec, .env = env};
    struct program_command command;
    assert_int_equal(program_command_make(&command, &client, values, own, "7.1", "/logs/p1"), 0);
    assert_string_equal(command.words[1], "h:1");
    assert_string_equal(command.words[2], "");
    assert_null(command.words[3]);
    assert_null(find(command.environment, "SECRET"));
    assert_string_equal(find(command.environment, "PATH"), "/bin");
    assert_string_equal(find(command.environment, "LANG"), "de");
    assert_string_equal(find(command.environment, "MINE"), "/p");
    assert_string_equal(find(command.environment, "EIGHTH_PROGRAM"), "7.1");
    assert_null(strstr(find(command.environment, "ASAN_OPTIONS"), "verbosity"));
    assert_non_null(strstr(find(command.environment, "ASAN_OPTIONS"), "log_path='/logs/p1'"));
    assert_non_null(strstr(find(command.environment, "TSAN_OPTIONS"), "log_path='/logs/p1'"));
    assert_non_null(strstr(find(command.environment, "UBSAN_OPTIONS"), "exitcode=93"));
    program_command_release(&command);

    client.inherit_env = true;
    assert_int_equal(program_command_make(&command, &client, values, own, "7.2", "/logs/p2"), 0);
    assert_string_equal(find(command.environment, "SECRET"), "1");
    assert_string_equal(find(command.environment, "LANG"), "de");
    assert_string_equal(find(command.environment, "EIGHTH_PROGRAM"), "7.2");
    /* What the user told the sanitizer stays, before what eighth must say. */
    assert_non_null(strstr(find(command.environment, "ASAN_OPTIONS"), "verbosity=1:"));
    program_command_release(&command);
}

static void test_programs_are_found(void **state)
{
    (void)state;
    char path[300];
    struct failure failure = FAILURE_INIT;
    assert_int_equal(binary_find("sh", "/nowhere::/bin", path, sizeof path, &failure), 0);
    assert_string_equal(path, "/bin/sh");
    assert_int_equal(binary_find("/bin/sh", "", path, sizeof path, &failure), 0);
    assert_int_equal(binary_find("sh", "", path, sizeof path, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_USAGE);
    assert_int_equal(binary_find("/etc/passwd", "", path, sizeof path, &failure), -1);
    assert_non_null(strstr(failure.text, "chmod +x"));
    assert_int_equal(binary_find("/bin", "", path, sizeof path, &failure), -1);
    assert_int_equal(binary_find("/no/such", "", path, sizeof path, &failure), -1);
    assert_non_null(strstr(failure.text, "No such file"));
}

static void test_kinds_of_binaries(void **state)
{
    (void)state;
    struct binary binary;
    binary_look("/bin/sh", &binary);
    assert_true(binary.native && !binary.leaks && !binary.fixed);
    binary_look("/etc/passwd", &binary);
    assert_false(binary.native);
    binary_look("/no/such", &binary);
    assert_false(binary.native);
    /* This program itself is of the flavor that is tested. */
    binary_look("/proc/self/exe", &binary);
    assert_true(binary.native);
#if defined(__SANITIZE_ADDRESS__)
    assert_true(binary.leaks && !binary.fixed);
#elif defined(__SANITIZE_THREAD__)
    assert_true(binary.fixed && !binary.leaks);
#else
    assert_false(binary.leaks || binary.fixed);
#endif
}

static void test_marks(void **state)
{
    (void)state;
    char mark[LEFTOVERS_MARK];
    char expected[LEFTOVERS_MARK];
    leftovers_mark(4711, mark);
    (void)snprintf(expected, sizeof expected, "%d.4711", (int)getpid());
    assert_string_equal(mark, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_or_all_of_the_environment),
        cmocka_unit_test(test_programs_are_found),
        cmocka_unit_test(test_kinds_of_binaries),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
