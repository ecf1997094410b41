/* SPDX-License-Identifier: MIT
 *
 * Stop rules and the environment of flavors.
 */
#include "harness/cli/flavor.h"
#include "harness/cli/stop_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct stop_row {
    struct stop_rules rules;
    uint64_t begun;
    bool found;
    uint64_t elapsed;
    enum stop_rule rule;
};

static const struct stop_row stops[] = {
    {{5, false, 0}, 4, true, 1, STOP_NOT},
    {{5, false, 0}, 5, true, 1, STOP_TRIALS},
    {{5, true, 0}, 1, true, 1, STOP_FINDING},
    {{5, true, 0}, 5, true, 1, STOP_FINDING},
    {{5, true, 0}, 5, false, 1, STOP_TRIALS},
    {{0, true, 0}, 999, false, 1, STOP_NOT},
    {{0, true, 0}, STOP_MOST_TRIALS, false, 1, STOP_TRIALS},
    {{0, false, 100}, 7, true, 99, STOP_NOT},
    {{0, false, 100}, 7, true, 100, STOP_TIME},
    {{0, false, 100}, 0, false, 500, STOP_NOT},
    {{3, true, 100}, 2, false, 100, STOP_TIME},
    {{3, true, 100}, 2, true, 500, STOP_FINDING},
};

static void test_stop_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        const struct stop_row *row = &stops[i];
        enum stop_rule rule = stop_rule_check(&row->rules, row->begun, row->found, row->elapsed);
        if (rule != row->rule) {
            fail_msg("row %zu: \"%s\", expected \"%s\"", i, stop_rule_name(rule),
                     stop_rule_name(row->rule));
        }
    }
}

/* The tunables that a poisoned worker gets for these of the user's; NULL: for none. */
static void expect_tunables(const char *users, const char *expected)
{
    char home[] = "HOME=/";
    char last[] = "GLIBC=no";
    char given[200];
    char *own[] = {home, given, last, NULL};
    char **environment;
    struct failure failure = FAILURE_INIT;
    strncpy(given, users != NULL ? users : "A=b", sizeof given - 1);
    given[sizeof given - 1] = '\0';
    assert_int_equal(flavor_environment(flavor_named("poison"), own, &environment, &failure), 0);
    assert_string_equal(environment[0], "HOME=/");
    size_t count = 0;
    const char *tunables = NULL;
    for (; environment[count] != NULL; count++) {
        if (strncmp(environment[count], "GLIBC_TUNABLES=", 15) == 0) {
            assert_null(tunables);
            tunables = environment[count] + 15;
        }
    }
    assert_int_equal(count, users != NULL ? 3 : 4);
    assert_string_equal(tunables, expected);
    flavor_environment_free(environment);
}

static void test_poison_environment(void **state)
{
    (void)state;
    expect_tunables(NULL, "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0");
    expect_tunables("GLIBC_TUNABLES=", "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0");
    expect_tunables("GLIBC_TUNABLES=glibc.malloc.arena_max=1",
                    "glibc.malloc.arena_max=1:glibc.malloc.perturb=165:"
                    "glibc.malloc.tcache_count=0");
    expect_tunables("GLIBC_TUNABLES=glibc.malloc.perturb=7:glibc.malloc.check=3",
                    "glibc.malloc.perturb=7:glibc.malloc.check=3:glibc.malloc.tcache_count=0");
}

static void test_other_flavors_change_nothing(void **state)
{
    (void)state;
    char home[] = "HOME=/";
    char *own[] = {home, NULL};
    for (size_t i = 0; i < FLAVORS; i++) {
        char **environment;
        struct failure failure = FAILURE_INIT;
        assert_int_equal(flavor_environment(&flavors[i], own, &environment, &failure), 0);
        assert_int_equal(environment != NULL, strcmp(flavors[i].name, "poison") == 0);
        flavor_environment_free(environment);
    }
    assert_null(flavor_named("all"));
    assert_string_equal(flavor_named("poison")->built, "plain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_rules),
        cmocka_unit_test(test_poison_environment),
        cmocka_unit_test(test_other_flavors_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
