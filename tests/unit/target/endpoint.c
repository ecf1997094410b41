/* SPDX-License-Identifier: MIT
 *
 * From a path to its endpoint; header fields as JSON.
 */
#include "harness/target/endpoint.h"

#include "harness/target/header_lines.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *path;
    const char *form; /* NULL: status */
    int status;
    uint64_t numbers[ENDPOINT_NUMBERS];
} paths[] = {
    {"/get", "/get", 200, {0}},
    {"/get?a=b", "/get", 200, {0}},
    {"/get/", NULL, 404, {0}},
    {"/getter", NULL, 404, {0}},
    {"/ge", NULL, 404, {0}},
    {"", NULL, 404, {0}},
    {"/", NULL, 404, {0}},
    {"*", NULL, 404, {0}},
    {"/status/200", "/status/N", 200, {200}},
    {"/status/599", "/status/N", 200, {599}},
    {"/status/600", NULL, 400, {0}},
    {"/status/199", NULL, 400, {0}},
    {"/status", NULL, 400, {0}},
    {"/status/", NULL, 400, {0}},
    {"/status/2x", NULL, 400, {0}},
    {"/status/-1", NULL, 400, {0}},
    {"/status/200/1", NULL, 400, {0}},
    {"/bytes/0", "/bytes/N", 200, {0}},
    {"/bytes/1099511627776", "/bytes/N", 200, {UINT64_C(1) << 40}},
    {"/bytes/1099511627777", NULL, 400, {0}},
    {"/bytes/99999999999999999999999999999999999999", NULL, 400, {0}},
    {"/bytes/18446744073709551617", NULL, 400, {0}},
    {"/bytes/12?x", "/bytes/N", 200, {12}},
    {"/delay/3600000", "/delay/MS", 200, {3600000}},
    {"/delay/3600001", NULL, 400, {0}},
    {"/echo", "/echo", 200, {0}},
    {"/drip", "/drip", 200, {0}},
    {"/drip/3/4", "/drip/N/MS", 200, {3, 4}},
    {"/drip/3", NULL, 400, {0}},
    {"/drip/3/4/5", NULL, 400, {0}},
};

static void paths_find_their_endpoint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        uint64_t numbers[ENDPOINT_NUMBERS] = {0};
        int status = 0;
        const struct endpoint *endpoint = endpoint_find(paths[i].path, numbers, &status);
        if (status != paths[i].status) {
            fail_msg("%s: %d", paths[i].path, status);
        }
        if (paths[i].form == NULL) {
            assert_null(endpoint);
            continue;
        }
        assert_non_null(endpoint);
        assert_string_equal(endpoint->form, paths[i].form);
        assert_memory_equal(numbers, paths[i].numbers, endpoint->numbers * sizeof numbers[0]);
    }
}

static void every_record_is_whole(void **state)
{
    (void)state;
    const struct endpoint *endpoint;
    size_t i = 0;
    for (; (endpoint = endpoint_at(i)) != NULL; i++) {
        assert_int_equal(strncmp(endpoint->form, endpoint->path, strlen(endpoint->path)), 0);
        assert_true(strlen(endpoint->help) > 5);
        assert_non_null(endpoint->answer);
        assert_true(endpoint->numbers <= ENDPOINT_NUMBERS);
        for (unsigned n = 0; n < endpoint->numbers; n++) {
            assert_true(endpoint->smallest[n] <= endpoint->greatest[n]);
        }
    }
    assert_true(i >= 7);
}

static void add(struct header_lines *lines, const char *name, const char *value)
{
    header_lines_add(lines, name, strlen(name), value, strlen(value));
}

static void fields_become_json(void **state)
{
    (void)state;
    struct header_lines lines = {0};
    struct buffer json = BUFFER_INIT;
    add(&lines, ":method", "GET");
    add(&lines, ":path", "/get?\"\\");
    add(&lines, "cookie", "a=1");
    add(&lines, "x-empty", "");
    add(&lines, "x-odd", "tab\there \xc3\xa4 \x7f");
    add(&lines, "cookie", "b=2");
    header_lines_json(&lines, &json);
    cJSON *object = cJSON_Parse(buffer_text(&json));
    assert_non_null(object);
    assert_string_equal(cJSON_GetObjectItem(object, "method")->valuestring, "GET");
    assert_string_equal(cJSON_GetObjectItem(object, "path")->valuestring, "/get?\"\\");
    const cJSON *headers = cJSON_GetObjectItem(object, "headers");
    assert_int_equal(cJSON_GetArraySize(headers), 3);
    assert_string_equal(cJSON_GetObjectItem(headers, "cookie")->valuestring, "a=1, b=2");
    assert_string_equal(cJSON_GetObjectItem(headers, "x-empty")->valuestring, "");
    assert_string_equal(cJSON_GetObjectItem(headers, "x-odd")->valuestring,
                        "tab\there \xc3\x83\xc2\xa4 \x7f");
    cJSON_Delete(object);
    buffer_clear(&json);
    header_lines_clear(&lines);
}

static void too_much_is_told(void **state)
{
    (void)state;
    struct header_lines lines = {0};
    for (unsigned i = 0; i < HEADER_LINES_FIELDS; i++) {
        add(&lines, "a", "b");
        assert_false(lines.too_large);
    }
    add(&lines, "a", "b");
    assert_true(lines.too_large);
    assert_string_equal(header_lines_find(&lines, "a"), "b");
    assert_null(header_lines_find(&lines, "b"));
    header_lines_clear(&lines);
    assert_false(lines.too_large);
    assert_null(header_lines_find(&lines, "a"));
    char *large = calloc(1, HEADER_LINES_BYTES + 1);
    memset(large, 'x', HEADER_LINES_BYTES);
    add(&lines, "a", large);
    assert_true(lines.too_large);
    free(large);
    header_lines_clear(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_endpoint),
        cmocka_unit_test(every_record_is_whole),
        cmocka_unit_test(fields_become_json),
        cmocka_unit_test(too_much_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
