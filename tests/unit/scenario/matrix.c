/* SPDX-License-Identifier: MIT
 *
 * The matrix, `--set`, and both together.
 */
#include "harness/scenario/matrix.h"
#include "tests/unit/scenario/support.h"

#include <stdlib.h>

static void load_with(struct scenario_list *list, const char *text, const char *const *sets,
                      size_t count)
{
    struct failure failure = FAILURE_INIT;
    if (scenario_parse(list, "test.json", text, strlen(text), sets, count, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
}

static const char varied[] =
    "{\"name\":\"m\",\"matrix\":{\"client.options.cache\":[\"none\",\"instance\",{\"a\":1}],"
    "\"load.clients\":[1,20]}}";

static void test_order(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "client.options.cache=none, load.clients=1",
        "client.options.cache=none, load.clients=20",
        "client.options.cache=instance, load.clients=1",
        "client.options.cache=instance, load.clients=20",
        "client.options.cache={\"a\":1}, load.clients=1",
        "client.options.cache={\"a\":1}, load.clients=20",
    };
    struct scenario_list list = SCENARIO_LIST_INIT;
    load_with(&list, varied, NULL, 0);
    assert_int_equal(list.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(list.items[i]->combination, wanted[i]);
        assert_int_equal(list.items[i]->load.clients, i % 2 == 0 ? 1 : 20);
        assert_int_equal(list.items[i]->load.threads, i % 2 == 0 ? 1 : 16);
        assert_null(strstr(list.items[i]->json, "matrix"));
        struct scenario *again = parse_one(list.items[i]->json);
        assert_string_equal(again->json, list.items[i]->json);
        assert_string_equal(again->client.options, list.items[i]->client.options);
        scenario_free(again);
    }
    assert_string_equal(list.items[0]->client.options, "{\"cache\":\"none\"}");
    assert_string_equal(list.items[4]->client.options, "{\"cache\":{\"a\":1}}");
    scenario_list_clear(&list);
}

/* Every part of a combination, given to `--set`, is the same value again. */
static void test_parts_are_overrides(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\":\"m\",\"matrix\":{\"client.options.v\":[\"a\",\"true\",\"5\",5,true,null,"
        "\"a, b\",[\"x, y\",1],\"{\",\"\",\"a\\tb\",\"c=d\",{\"e\":\"f, \"},1.10,1e400,"
        "\"\\u0061\"],\"client.options[\\\"k, =\\\"]\":[7.0]}}";
    static const char plain[] = "{\"name\":\"m\"}";
    struct scenario_list list = SCENARIO_LIST_INIT;
    load_with(&list, text, NULL, 0);
    assert_int_equal(list.count, 16);
    for (size_t i = 0; i < list.count; i++) {
        struct scenario_list again = SCENARIO_LIST_INIT;
        const char *set = list.items[i]->combination;
        size_t length = matrix_part(set);
        char *parts[] = {strndup(set, length), strdup(set + length + 2)};
        assert_memory_equal(set + length, ", ", 2);
        assert_int_equal(matrix_part(parts[1]), strlen(parts[1]));
        load_with(&again, plain, (const char *const *)parts, 2);
        assert_string_equal(again.items[0]->client.options, list.items[i]->client.options);
        scenario_list_clear(&again);
        free(parts[0]);
        free(parts[1]);
    }
    assert_string_equal(list.items[0]->combination,
                        "client.options.v=a, client.options[\"k, =\"]=7.0");
    assert_string_equal(list.items[1]->client.options, "{\"v\":\"true\",\"k, =\":7.0}");
    assert_string_equal(list.items[15]->client.options, "{\"v\":\"\\u0061\",\"k, =\":7.0}");
    scenario_list_clear(&list);
}

/* Several files go to one list. */
static void test_append(void **state)
{
    (void)state;
    struct scenario_list list = SCENARIO_LIST_INIT;
    load_with(&list, "{\"name\":\"one\"}", NULL, 0);
    load_with(&list, varied, NULL, 0);
    assert_int_equal(list.count, 7);
    struct failure failure;
    assert_int_equal(scenario_parse(&list, "x", "{}", 2, NULL, 0, &failure), -1);
    assert_int_equal(list.count, 7);
    assert_string_equal(list.items[0]->name, "one");
    scenario_list_clear(&list);
    assert_int_equal(list.count, 0);
    assert_null(list.items);
}

static void test_ceiling(void **state)
{
    (void)state;
    char text[8192];
    for (int second = 25; second <= 26; second++) {
        int length = snprintf(text, sizeof text, "{\"name\":\"m\",\"matrix\":{\"load.clients\":[");
        for (int i = 1; i <= 40; i++) {
            length += snprintf(text + length, sizeof text - (size_t)length, "%d%s", i,
                               i < 40 ? "," : "],\"trials\":[");
        }
        for (int i = 1; i <= second; i++) {
            length += snprintf(text + length, sizeof text - (size_t)length, "%d%s", i,
                               i < second ? "," : "]}}");
        }
        struct scenario_list list = SCENARIO_LIST_INIT;
        struct failure failure = FAILURE_INIT;
        int status = scenario_parse(&list, "t", text, strlen(text), NULL, 0, &failure);
        assert_int_equal(status, second == 25 ? 0 : -1);
        assert_int_equal(list.count, second == 25 ? 1000 : 0);
        scenario_list_clear(&list);
    }
}

static void test_overrides(void **state)
{
    (void)state;
    static const char base[] = "{\"name\":\"o\",\"steps\":[{\"connect\":{}},{\"request\":"
                               "{\"path\":\"/get\"}},{\"close\":{}}],\"load\":{\"cycles\":5}}";
    static const char *const sets[] = {
        "load.cycles=7",
        "client.options.cache=none",
        "client.options.deep.er={\"x\":[1]}",
        "steps.1.request.path=/bytes/10",
        "steps[0].connect.timeout=\"9s\"",
        "steps.2={\"hold\":{\"time\":\"1s\"}}",
        "steps.3={\"close\":{}}",
        "thresholds.tls.p99=< 1s",
        "thresholds[\"errors.rate\"]=== 0",
        "$.trials=3",
        "description=a = b",
        "load.cycles=8",
        "client.tls.max=1.3",
        "name=8",
    };
    struct scenario_list list = SCENARIO_LIST_INIT;
    load_with(&list, base, sets, sizeof sets / sizeof *sets);
    const struct scenario *s = list.items[0];
    assert_int_equal(s->load.cycles, 8);
    assert_string_equal(s->client.options, "{\"cache\":\"none\",\"deep\":{\"er\":{\"x\":[1]}}}");
    assert_string_equal(s->steps[1].path, "/bytes/10");
    assert_int_equal(s->steps[0].timeout_ns, UINT64_C(9000000000));
    assert_int_equal(s->step_count, 4);
    assert_int_equal(s->steps[2].kind, STEP_HOLD);
    assert_int_equal(s->threshold_count, 2);
    assert_string_equal(s->thresholds[1].metric, "errors.rate");
    assert_int_equal(s->trials, 3);
    assert_int_equal(s->client.tls_max, 0x0304);
    assert_string_equal(s->name, "8");
    assert_string_equal(s->description, "a = b");
    scenario_list_clear(&list);
}

struct wrong_set {
    const char *set;
    const char *message;
};

static void test_wrong_overrides(void **state)
{
    (void)state;
    static const struct wrong_set cases[] = {
        {"load.cylces=5",
         "test.json: --set load.cylces=5: at $.load: unknown key `cylces`; did you mean "
         "`cycles`?"},
        {"load.cycles=five",
         "test.json: --set load.cycles=five: at $.load.cycles: expected a whole number from 1 to "
         "1000000000000, got \"five\""},
        {"deadline=5",
         "test.json: --set deadline=5: at $.deadline: expected a duration such as \"250ms\", got "
         "\"5\""},
        {"matrix.load.cycles=5",
         "test.json: --set matrix.load.cycles=5: at $.matrix[\"load.cycles\"]: expected a list of "
         "at least one value, got 5"},
        {"matrix.load.cycles=[5,\"x\"]",
         "test.json: --set matrix.load.cycles=[5,\\\"x\\\"]: at $.matrix[\"load.cycles\"][1]: at "
         "$.load.cycles: expected a whole number from 1 to 1000000000000, got \"x\" (with "
         "\"load.cycles=x\")"},
        {"target.embedded.faults.0.fault=refuze",
         "test.json: --set target.embedded.faults.0.fault=refuze: at $.target.embedded.faults: "
         "expected a list of faults, got an object"},
        {"load.cylces.x=5",
         "test.json: --set load.cylces.x=5: at $.load: unknown key `cylces`; did you mean "
         "`cycles`?"},
        {"load.duration=5s",
         "test.json: --set load.duration=5s: at $.load: `cycles` and `duration` exclude each "
         "other"},
        {"load={\"cycles\":0}",
         "test.json: --set load={\\\"cycles\\\":0}: at $.load.cycles: expected a whole number from "
         "1 to 1000000000000, got 0"},
        {"steps.7.request.path=/x",
         "test.json: --set \"steps.7.request.path=/x\": \"7\": there is no such item in the list"},
        {"steps.x={}", "test.json: --set \"steps.x={}\": \"x\": there is no such item in the list"},
        {"name.first=x", "test.json: --set \"name.first=x\": \"name\": this has no keys below it"},
        {"novalue", "--set \"novalue\": expected key=value, such as load.cycles=5"},
        {"=5", "--set \"=5\": expected key=value, such as load.cycles=5"},
        {"a..b=5", "--set \"a..b=5\": a part of the path is empty"},
        {"steps[1=5", "--set \"steps[1=5\": expected key=value, such as load.cycles=5"},
        {"steps[1]x=5", "--set \"steps[1]x=5\": expected a dot after a bracket of the path"},
        {"client.options={\"a\":}", "--set \"client.options={\\\"a\\\":}\": expected a value; is "
                                    "there a comma too many before "
                                    "it?"},
        {"name=a\tb", "--set \"name=a\\u0009b\": the value is neither JSON nor plain UTF-8 text"},
        {"name=a\xff", "--set \"name=a\xff\": the value is neither JSON nor plain UTF-8 text"},
        {"client.options.a\xff=1",
         "--set \"client.options.a\xff=1\": the path is not plain UTF-8 text"},
        {"client.options.x=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
         "test.json:1:1: at $: with all that was set: nested deeper than 32 levels"},
        {"name=", "test.json: --set name=: at $.name: expected a name of letters, digits and `-`, "
                  "64 at most, got \"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct failure failure;
        parse_wrong(&failure,
                    "{\"name\":\"o\",\"steps\":[{\"connect\":{}},{\"close\":{}}],"
                    "\"load\":{\"cycles\":5}}",
                    &cases[i].set, 1);
        assert_string_equal(failure.text, cases[i].message);
    }
}

/* What a user sets wins over what the matrix varies, and the position of all else stays right. */
static void test_override_of_matrix(void **state)
{
    (void)state;
    static const char *const one[] = {"client.options.cache=shared-locked"};
    static const char *const all[] = {"matrix={}"};
    struct scenario_list list = SCENARIO_LIST_INIT;
    load_with(&list, varied, one, 1);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1]->combination, "load.clients=20");
    assert_string_equal(list.items[1]->client.options, "{\"cache\":\"shared-locked\"}");
    scenario_list_clear(&list);
    load_with(&list, varied, all, 1);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0]->combination, "");
    scenario_list_clear(&list);
    /* A key of the matrix is one part of a path, though it has dots, also in brackets. */
    static const char *const keys[] = {"matrix.load.clients=[5]",
                                       "matrix[\"client.options.cache\"]=[\"none\"]"};
    load_with(&list, varied, keys, 2);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0]->combination, "client.options.cache=none, load.clients=5");
    scenario_list_clear(&list);
    struct failure failure;
    parse_wrong(&failure, "{\n  \"name\": \"o\",\n  \"trials\": 0\n}", one, 1);
    assert_string_equal(failure.text, "test.json:3:13: at $.trials: expected a whole number from 1 "
                                      "to 1000000, got 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_overrides),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_wrong_overrides),
        cmocka_unit_test(test_override_of_matrix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
