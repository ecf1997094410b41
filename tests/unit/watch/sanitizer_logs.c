/* SPDX-License-Identifier: MIT
 *
 * The options that a worker's sanitizer gets, and what becomes of its log.
 */
#include "harness/watch/sanitizer_logs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const own[] = {"HOME=/x", "ASAN_OPTIONS=color=always:log_path=mine",
                                  "TSAN_OPTIONS=", NULL};

static const char *value(const struct sanitizer_logs *logs, const char *variable)
{
    const char *const *environment = sanitizer_logs_environment(logs);
    const char *found = NULL;
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, variable, strlen(variable)) == 0) {
            assert_null(found); /* only once */
            found = *environment + strlen(variable);
        }
    }
    return found;
}

static void test_users_options_come_first(void **state)
{
    (void)state;
    struct sanitizer_logs logs;
    struct failure failure = FAILURE_INIT;
    struct buffer text = BUFFER_INIT;
    assert_int_equal(sanitizer_logs_open(&logs, NULL, "asan", true, own, &failure), 0);
    const char *asan = value(&logs, "ASAN_OPTIONS=");
    const char *by_user = strstr(asan, "color=always:log_path=mine:");
    assert_non_null(by_user);
    /* Of what the user may want otherwise, the user has the last word. */
    assert_true(strstr(asan, "detect_stack_use_after_return=1:") < by_user);
    assert_non_null(strstr(asan, ":exitcode=93"));
    const char *users = strstr(asan, "log_path=mine");
    assert_non_null(strstr(users + 1, "log_path='"));
    assert_string_equal(value(&logs, "HOME="), "/x");
    assert_non_null(strstr(value(&logs, "UBSAN_OPTIONS="), "print_stacktrace=1"));
    /* Its runtime must not empty the log of the other one. */
    assert_non_null(strstr(value(&logs, "UBSAN_OPTIONS="), "/log.ub':"));
    assert_non_null(strstr(asan, "/log':"));
    assert_string_equal(value(&logs, "TSAN_OPTIONS="), "");
    assert_true(sanitizer_logs_exited(&logs, SANITIZER_EXIT << 8));
    assert_false(sanitizer_logs_exited(&logs, 0));
    assert_false(sanitizer_logs_exited(&logs, SANITIZER_EXIT));
    sanitizer_logs_take(&logs, &text);
    assert_int_equal(text.length, 0);
}

static void test_logs_are_taken_and_removed(void **state)
{
    (void)state;
    struct sanitizer_logs logs;
    struct failure failure = FAILURE_INIT;
    struct buffer text = BUFFER_INIT;
    char folder[4300];
    assert_int_equal(sanitizer_logs_open(&logs, "/tmp", "tsan", false, own, &failure), 0);
    (void)snprintf(folder, sizeof folder, "%s", logs.folder);
    for (int i = 1; i <= 2; i++) {
        char path[4400];
        (void)snprintf(path, sizeof path, "%s/log.%d", folder, i);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        (void)fprintf(file, "report %d\n", i);
        assert_int_equal(fclose(file), 0);
    }
    sanitizer_logs_take(&logs, &text);
    assert_string_equal(buffer_text(&text), "report 1\nreport 2\n");
    assert_int_equal(access(folder, F_OK), -1);
    assert_null(sanitizer_logs_environment(&logs));
    buffer_clear(&text);
}

static void test_ubsan_alone_gets_its_log_in_any_flavor(void **state)
{
    (void)state;
    struct sanitizer_logs logs;
    struct failure failure = FAILURE_INIT;
    struct buffer text = BUFFER_INIT;
    assert_int_equal(sanitizer_logs_open(&logs, "/tmp", "poison", true, own, &failure), 0);
    const char *undefined = value(&logs, "UBSAN_OPTIONS=");
    assert_non_null(strstr(undefined, "/log.ub':exitcode=93"));
    assert_non_null(strstr(undefined, "handle_segv=0"));
    assert_string_equal(value(&logs, "ASAN_OPTIONS="), "color=always:log_path=mine");
    assert_true(sanitizer_logs_exited(&logs, SANITIZER_EXIT << 8));
    sanitizer_logs_take(&logs, &text);
    /* A program gets each variable once. */
    char **environment = sanitizer_logs_of_program("/tmp/x", own);
    unsigned count = 0;
    for (char **entry = environment; *entry != NULL; entry++) {
        count += strncmp(*entry, "UBSAN_OPTIONS=", strlen("UBSAN_OPTIONS=")) == 0;
    }
    assert_int_equal(count, 1);
    sanitizer_logs_free_environment(environment);
}

static void test_other_flavors_get_what_they_had(void **state)
{
    (void)state;
    struct sanitizer_logs logs;
    struct failure failure = FAILURE_INIT;
    struct buffer text = BUFFER_INIT;
    assert_int_equal(sanitizer_logs_open(&logs, "/tmp", "plain", false, own, &failure), 0);
    assert_ptr_equal(sanitizer_logs_environment(&logs), own);
    assert_false(sanitizer_logs_exited(&logs, SANITIZER_EXIT << 8));
    sanitizer_logs_take(&logs, &text);
    assert_int_equal(text.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users_options_come_first),
        cmocka_unit_test(test_logs_are_taken_and_removed),
        cmocka_unit_test(test_ubsan_alone_gets_its_log_in_any_flavor),
        cmocka_unit_test(test_other_flavors_get_what_they_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
