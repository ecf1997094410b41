/* SPDX-License-Identifier: MIT
 *
 * What braces mean in the words of an external program.
 */
#include "harness/scenario/placeholder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const values[PLACEHOLDERS] = {
    [PLACEHOLDER_HOST] = "127.0.0.1", [PLACEHOLDER_PORT] = "8443", [PLACEHOLDER_PATH] = "/{port}",
    [PLACEHOLDER_CA] = "/ca.pem",     [PLACEHOLDER_SNI] = "name",  [PLACEHOLDER_CYCLES] = "5",
    [PLACEHOLDER_INSTANCE] = "3",     [PLACEHOLDER_CYCLE] = "4",   [PLACEHOLDER_SEED] = "77",
};

static void test_expand(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"https://{host}:{port}{path}", "https://127.0.0.1:8443/{port}"},
        {"{instance}/{cycle}/{cycles}/{seed}", "3/4/5/77"},
        {"{{port}", "{port}"},
        {"{{{port}}", "{8443}"},
        {"{", "{"},
        {"}", "}"},
        {"{}", "{}"},
        {"{ port }", "{ port }"},
        {"{PORT}", "{PORT}"},
        {"{\"a\":1}", "{\"a\":1}"},
        {"{port", "{port"},
        {"{sni}{ca}", "name/ca.pem"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = BUFFER_INIT;
        placeholder_expand(cases[i][0], values, &text);
        assert_string_equal(buffer_text(&text), cases[i][1]);
        buffer_clear(&text);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    char name[8];
    assert_false(placeholder_find_unknown("{host}{{x}{ y }{Z}{}", name, sizeof name));
    assert_true(placeholder_find_unknown("{host}{hosts}", name, sizeof name));
    assert_string_equal(name, "hosts");
    assert_true(placeholder_find_unknown("{a_very_long_name}", name, sizeof name));
    assert_string_equal(name, "a_very_");
}

static void test_one_process(void **state)
{
    (void)state;
    char *none[] = {(char[]){"x"}, (char[]){"{cycle} {{cycles}"}, NULL};
    char *some[] = {(char[]){"x"}, (char[]){"-n{cycles}"}, NULL};
    struct client_model client = {.exec = none};
    assert_false(placeholder_one_process(&client));
    client.env = some;
    assert_true(placeholder_one_process(&client));
    client.env = NULL;
    client.exec = some;
    assert_true(placeholder_one_process(&client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_one_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
