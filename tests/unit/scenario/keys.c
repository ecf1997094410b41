/* SPDX-License-Identifier: MIT
 *
 * Every key: values that are accepted and values that are refused, defaults, and what each becomes
 * in the model.
 */
#include "client/eighth_client.h"
#include "harness/base/clock.h"
#include "harness/scenario/shape.h"
#include "tests/unit/scenario/support.h"

#include <stdlib.h>

static const char embedded[] =
    "{\"name\":\"k\",\"load\":{\"cycles\":50,\"start\":\"staggered\"},\"deadline\":\"2h\","
    "\"target\":{\"embedded\":{\"faults\":[{\"fault\":\"goaway\",\"every\":3},"
    "{\"fault\":\"delayed-body\",\"at\":1},{\"fault\":\"refuse\",\"probability\":0.5}]}},"
    "\"steps\":[{\"connect\":{}},{\"request\":{\"path\":\"/\"}},{\"ping\":{}},"
    "{\"hold\":{\"time\":\"1s\"}},{\"repeat\":{\"times\":1,\"steps\":[{\"ping\":{}}]}},"
    "{\"race\":{\"operations\":[{\"ping\":{}},{\"close\":{}}]}},{\"close\":{}}]}";
static const char addressed[] =
    "{\"name\":\"k\",\"target\":{\"address\":\"localhost:443\"},\"load\":{\"stages\":"
    "[{\"duration\":\"1s\",\"target\":1}]}}";
static const char program[] =
    "{\"name\":\"k\",\"client\":{\"exec\":[\"x\"]},\"load\":{\"cycles\":50,"
    "\"start\":\"staggered\"},\"steps\":[{\"run\":{}}]}";
static const char rated[] =
    "{\"name\":\"k\",\"load\":{\"duration\":\"1s\",\"start\":{\"rate\":\"1/s\"}},"
    "\"steps\":[{\"connect\":{\"expect\":{\"error\":{}}}}]}";

#define NO_TEXT "1", "null", "[]", "{}", "true"
#define NO_FLAG "1", "0", "\"true\"", "null", "[]", "{}"
#define NO_NUMBER "\"1\"", "null", "true", "[]", "{}", "1.5", "-1", "1e300"
#define NO_UNIT "1", "\"1\"", "\"\"", "\"ten\"", "null", "true", "[]", "{}", "\"-1s\""
#define NO_OBJECT "1", "\"x\"", "null", "true", "[]", "{\"no-such-key\":1}"

struct row {
    const char *base;
    const char *path;
    const char *accepted[8];
    const char *refused[16];
};

static const struct row rows[] = {
    {embedded, "$schema", {"\"x\"", "1"}, {NULL}},
    {embedded, "name", {"\"a\"", "\"A-9\""}, {NO_TEXT, "\"\"", "\"-a\"", "\"a b\"", "\"a/b\""}},
    {embedded, "description", {"\"\"", "\"any \\u00e4\\n\""}, {NO_TEXT}},
    {embedded, "client", {"{}"}, {NO_OBJECT}},
    {embedded,
     "client.library",
     {"\"h2\"", "\"lib_x-1\"", "\"./x.so\"", "\"/x\""},
     {NO_TEXT, "\"\"", "\"x.so\"", "\"a b\""}},
    {program,
     "client.exec",
     {"[\"x\"]", "[\"./x\",\"\",\"{port}\"]", "[\"x\",\"{{port}\",\"{ a }\",\"{\"]"},
     {"[]", "\"x\"", "null", "{}", "[1]", "[\"\"]", "[\"x\",1]", "[\"x\",\"{prot}\"]",
      "[\"{host}\"]", "[\"x\",\"{a}\"]"}},
    {program,
     "client.env",
     {"{}", "{\"A\":\"{ca}\",\"b_1\":\"\"}"},
     {"[]", "null", "1", "\"A=1\"", "{\"A\":1}", "{\"1A\":\"\"}", "{\"A=\":\"\"}",
      "{\"A\":\"{hst}\"}"}},
    {program, "client.inherit_env", {"true", "false"}, {NO_FLAG}},
    {program, "client.cwd", {"\".\"", "\"/\"", "\"sub/folder\"", "\"../x\""}, {NO_TEXT, "\"\""}},
    {program, "client.options", {"{}"}, {"{\"a\":1}"}},
    {program, "client.pools", {"false"}, {"true"}},
    {program, "client.interposition", {"true", "false"}, {NO_FLAG}},
    {program, "client.verify", {"true"}, {"false"}},
    {program, "client.session", {"\"reuse\""}, {"\"none\"", "\"import\""}},
    {program, "client.alpn", {"\"h2\""}, {"\"\"", "\"http/1.1\""}},
    {program, "load.affinity", {"\"pinned\""}, {"\"migrate\""}},
    {program, "load.sample_every", {NULL}, {"1"}},
    {program, "steps[0].run", {"{}"}, {NO_OBJECT}},
    {program, "steps[0].run.path", {"\"/\"", "\"/a?b\""}, {NO_TEXT, "\"\"", "\"a\""}},
    {program, "steps[0].run.timeout", {"\"1ms\"", "\"1h\""}, {NO_UNIT, "\"0s\"", "\"2h\""}},
    {program, "steps[0].run.expect", {"{}"}, {NO_OBJECT}},
    {program, "steps[0].run.expect.exit", {"0", "255"}, {NO_NUMBER, "256"}},
    {program, "steps[0].run.expect.connections", {"0", "1000000"}, {NO_NUMBER, "1000001"}},
    {program, "steps[0]", {"{\"run\":{}}"}, {"{\"connect\":{}}", "{\"hold\":{\"time\":\"1s\"}}"}},
    {embedded, "steps[3]", {"{\"ping\":{}}"}, {"{\"run\":{}}"}},
    {embedded, "client.options", {"{}", "{\"a\":[1,{\"b\":null}]}"}, {"1", "\"x\"", "[]", "null"}},
    {embedded, "client.ignore_promises", {"true", "false"}, {NO_FLAG}},
    {embedded, "client.pools", {"true", "false"}, {NO_FLAG}},
    {embedded, "client.count_allocations", {"true", "false"}, {NO_FLAG}},
    {program, "client.count_allocations", {"false"}, {"true"}},
    {rated, "client.interposition", {"true", "false"}, {NO_FLAG}},
    {embedded, "client.interposition", {"true"}, {"false"}}, /* it has faults */
    {embedded, "client.verify", {"true", "false"}, {NO_FLAG}},
    {embedded, "client.tls", {"{}"}, {NO_OBJECT, "{\"min\":\"1.3\",\"max\":\"1.2\"}"}},
    {embedded, "client.tls.min", {"\"1.2\"", "\"1.3\""}, {NO_TEXT, "1.2", "\"1.1\"", "\"\""}},
    {embedded, "client.tls.max", {"\"1.2\"", "\"1.3\""}, {NO_TEXT, "1.3", "\"1.4\""}},
    {embedded, "client.session", {"\"none\"", "\"reuse\"", "\"import\""}, {NO_TEXT, "\"yes\""}},
    {embedded,
     "client.alpn",
     {"\"h2\"", "\"\"", "\"h2,http/1.1\"", "\"a-b\""},
     {NO_TEXT, "\"h2,\"", "\",\"", "\"h 2\""}},
    {embedded, "target.embedded", {"{}"}, {NO_OBJECT}},
    {embedded, "target.embedded.tls", {"true", "false"}, {NO_FLAG}},
    {embedded,
     "target.embedded.versions",
     {"{}", "{\"min\":\"1.3\"}"},
     {NO_OBJECT, "{\"min\":\"1.3\",\"max\":\"1.2\"}"}},
    {embedded, "target.embedded.versions.min", {"\"1.2\"", "\"1.3\""}, {NO_TEXT, "\"1.0\""}},
    {embedded, "target.embedded.versions.max", {"\"1.2\"", "\"1.3\""}, {NO_TEXT, "\"1.0\""}},
    {embedded,
     "target.embedded.certificate",
     {"\"valid\"", "\"expired\"", "\"wrong-host\"", "\"unknown-ca\"", "\"long-chain\""},
     {NO_TEXT, "\"bad\""}},
    {embedded, "target.embedded.key", {"\"rsa\"", "\"ecdsa\""}, {NO_TEXT, "\"dsa\""}},
    {embedded, "target.embedded.tickets", {"0", "2", "16"}, {NO_NUMBER, "17"}},
    {embedded, "target.embedded.renew_tickets", {"true", "false"}, {NO_FLAG}},
    {embedded, "target.embedded.alpn", {"\"h2\"", "\"x,h2\""}, {NO_TEXT, "\"\"", "\"h2,\""}},
    {embedded, "target.embedded.threads", {"0", "1", "64"}, {NO_NUMBER, "65"}},
    {embedded, "target.embedded.port", {"0", "443", "65535"}, {NO_NUMBER, "65536"}},
    {embedded, "target.embedded.max_streams", {"1", "2147483647"}, {NO_NUMBER, "0", "2147483648"}},
    {embedded, "target.embedded.faults", {"[]"}, {"1", "{}", "null", "[1]", "[{}]"}},
    {embedded,
     "target.embedded.faults[0].fault",
     {"\"goaway\"", "\"refuse\"", "\"truncated-body\""},
     {NO_TEXT, "\"none\"", "\"\""}},
    {embedded, "target.embedded.faults[0].every", {"1", "1000000"}, {NO_NUMBER, "0"}},
    {embedded, "target.embedded.faults[1].at", {"1", "8"}, {NO_NUMBER, "0"}},
    {embedded,
     "target.embedded.faults[2].probability",
     {"0", "0.25", "1"},
     {"\"1\"", "null", "1.01", "-0.01", "\"10%\""}},
    {embedded, "target.embedded.faults[0].after", {"0", "4294967295"}, {NO_NUMBER, "4294967296"}},
    {embedded, "target.embedded.faults[0].code", {"0", "4294967295"}, {NO_NUMBER, "4294967296"}},
    {embedded, "target.embedded.faults[1].delay", {"\"0s\"", "\"1h\""}, {NO_UNIT, "\"2h\""}},
    {embedded, "target.embedded.faults[1].code", {NULL}, {"1"}},
    {embedded, "target.embedded.faults[2].after", {NULL}, {"1"}},
    {embedded, "target.address", {NULL}, {"\"localhost:1\""}},
    {embedded, "target.nonce", {NULL}, {"true"}},
    {addressed,
     "target.address",
     {"\"a.example:1\"", "\"[::1]:65535\"", "\"10.0.0.1:80\""},
     {NO_TEXT, "\"a\"", "\":1\"", "\"a:0\"", "\"a:65536\"", "\"a:b\"", "\"::1:1\"", "\"[]:1\""}},
    {addressed, "target.tls", {"true", "false"}, {NO_FLAG}},
    {addressed, "target.ca", {"\"x.pem\"", "\"/x.pem\""}, {NO_TEXT, "\"\""}},
    {addressed, "target.sni", {"\"a.example\""}, {NO_TEXT, "\"\"", "\"a b\""}},
    {addressed, "target.nonce", {"true", "false"}, {NO_FLAG}},
    {addressed, "target.embedded", {NULL}, {"{}"}},
    {embedded, "load", {"{}"}, {NO_OBJECT}},
    {embedded, "load.threads", {"1", "512"}, {NO_NUMBER, "0", "513"}},
    {embedded, "load.clients", {"1", "100000"}, {NO_NUMBER, "0", "100001"}},
    {embedded, "load.cycles", {"1", "1000000"}, {NO_NUMBER, "0"}},
    {embedded, "load.duration", {NULL}, {"\"1s\""}},
    {rated, "load.duration", {"\"1ms\"", "\"59s\""}, {NO_UNIT, "\"0s\"", "\"1h\"", "\"8000h\""}},
    {rated,
     "load.start.rate",
     {"\"1/h\"", "\"200/s\"", "\"3000/m\"", "\"0.5/s\""},
     {NO_TEXT, "\"0/s\"", "\"200\"", "\"2000000/s\""}},
    {embedded,
     "load.start",
     {"\"together\"", "\"staggered\"", "{\"rate\":\"200/s\"}"},
     {"1", "null", "[]", "{}", "\"now\"", "{\"rate\":200}", "{\"rate\":\"1/s\",\"x\":1}"}},
    {embedded, "load.stagger", {"\"0s\"", "\"1h\""}, {NO_UNIT, "\"2h\""}},
    {rated, "load.stagger", {NULL}, {"\"1s\""}},
    {addressed,
     "load.stages",
     {"[{\"duration\":\"1s\",\"target\":9}]"},
     {"1", "{}", "null", "[]", "[1]", "[{}]", "[{\"duration\":\"1s\"}]"}},
    {addressed, "load.stages[0].duration", {"\"1ms\"", "\"59s\""}, {NO_UNIT, "\"0s\""}},
    {addressed,
     "load.stages[0].target",
     {"0", "100000"},
     {"\"1\"", "null", "-1", "1.5", "100001", "1e300"}},
    {embedded, "load.affinity", {"\"pinned\"", "\"migrate\""}, {NO_TEXT, "\"free\""}},
    {embedded, "load.fresh_threads", {"true", "false"}, {NO_FLAG}},
    {embedded, "load.sample_every", {"1", "50"}, {NO_NUMBER, "0", "51"}},
    {embedded, "steps", {"[{\"connect\":{}}]"}, {"1", "{}", "null", "[]", "[1]", "[{}]"}},
    {embedded, "steps[0].connect", {"{}"}, {NO_OBJECT, "{\"jitter\":\"1s\"}"}},
    {embedded, "steps[0].connect.timeout", {"\"1ms\"", "\"1h\""}, {NO_UNIT, "\"0s\"", "\"2h\""}},
    {embedded,
     "steps[0].connect.expect",
     {"{}", "{\"resumed\":true}"},
     {NO_OBJECT, "{\"resumed\":true,\"error\":{}}", "{\"status\":200}"}},
    {embedded, "steps[0].connect.expect.resumed", {"true", "false"}, {NO_FLAG}},
    {rated, "steps[0].connect.expect.error", {"{}"}, {NO_OBJECT}},
    {rated,
     "steps[0].connect.expect.error.phase",
     {"\"resolve\"", "\"tcp\"", "\"tls\"", "\"alpn\"", "\"h2\"", "\"request\"", "\"close\""},
     {NO_TEXT, "\"none\""}},
    {rated,
     "steps[0].connect.expect.error.class",
     {"\"refused\"", "\"reset\"", "\"timeout\"", "\"protocol\"", "\"certificate\"", "\"cancelled\"",
      "\"internal\""},
     {NO_TEXT, "\"ok\""}},
    {embedded, "steps[1].request", {"{\"path\":\"/\"}"}, {NO_OBJECT, "{}"}},
    {embedded, "steps[1].request.method", {"\"GET\"", "\"DELETE\""}, {NO_TEXT, "\"get\"", "\"\""}},
    {embedded,
     "steps[1].request.path",
     {"\"/\"", "\"/a?b=c&d=%20\""},
     {NO_TEXT, "\"\"", "\"a\"", "\"/a b\"", "\"/#\"", "\"/\\u00e4\""}},
    {embedded,
     "steps[1].request.headers",
     {"{}", "{\"x-a\":\"b c\",\"accept\":\"\"}"},
     {"1", "[]", "null", "{\"A\":\"x\"}", "{\"\":\"x\"}", "{\"a\":1}", "{\"a\":\"\\n\"}",
      "{\":path\":\"/\"}", "{\"eighth-nonce\":\"1\"}"}},
    {embedded,
     "steps[1].request.body",
     {"\"\"", "\"x\"", "{\"bytes\":\"64KiB\"}"},
     {"1", "[]", "null", "{}", "true"}},
    {embedded, "steps[1].request.body.bytes", {"\"0B\"", "\"64MiB\""}, {NO_UNIT, "\"65MiB\""}},
    {embedded, "steps[1].request.capture", {"\"0B\"", "\"64MiB\""}, {NO_UNIT, "\"65MiB\""}},
    {embedded, "steps[1].request.timeout", {"\"1ms\""}, {NO_UNIT, "\"0s\""}},
    {embedded,
     "steps[1].request.expect",
     {"{}", "{\"error\":{}}"},
     {NO_OBJECT, "{\"error\":{},\"status\":200}", "{\"resumed\":true}"}},
    {embedded, "steps[1].request.expect.status", {"100", "599"}, {NO_NUMBER, "99", "600"}},
    {embedded, "steps[1].request.expect.body", {"\"\"", "\"x\\n\""}, {NO_TEXT}},
    {embedded, "steps[1].request.expect.body_bytes", {"\"0B\"", "\"1GiB\""}, {NO_UNIT}},
    {embedded, "steps[2].ping.timeout", {"\"1ms\""}, {NO_UNIT, "\"0s\""}},
    {embedded, "steps[2].ping.expect", {"{}", "{\"error\":{}}"}, {NO_OBJECT}},
    {embedded, "steps[3].hold.time", {"\"0s\"", "\"24h\""}, {NO_UNIT, "\"25h\""}},
    {embedded, "steps[3].hold.jitter", {"\"0s\"", "\"24h\""}, {NO_UNIT, "\"25h\""}},
    {embedded, "steps[4].repeat.times", {"1", "1000000"}, {NO_NUMBER, "0", "1000001"}},
    {embedded, "steps[4].repeat.steps", {"[{\"ping\":{}}]"}, {"1", "{}", "[]", "[{}]"}},
    {embedded, "steps[5].race.operations[0].ping.jitter", {"\"0s\"", "\"60s\""}, {NO_UNIT}},
    {embedded, "steps[5].race.operations[1].close.jitter", {"\"0s\"", "\"60s\""}, {NO_UNIT}},
    {embedded, "steps[5].race.operations", {NULL}, {"1", "{}", "[]", "[{\"ping\":{}}]"}},
    {embedded,
     "steps[6].close.mode",
     {"\"graceful\"", "\"abrupt\"", "\"none\""},
     {NO_TEXT, "\"hard\""}},
    {embedded, "steps[6].close.timeout", {"\"1ms\""}, {NO_UNIT, "\"0s\""}},
    {embedded, "trials", {"1", "1000000"}, {NO_NUMBER, "0", "1000001"}},
    {embedded, "deadline", {"\"100ms\"", "\"168h\""}, {NO_UNIT, "\"99ms\"", "\"169h\""}},
    {embedded, "limits", {"{}"}, {NO_OBJECT}},
    {embedded, "limits.memory", {"\"0B\"", "\"64GiB\""}, {NO_UNIT}},
    {embedded, "limits.output", {"\"0B\"", "\"1GiB\""}, {NO_UNIT, "\"2GiB\""}},
    {embedded,
     "thresholds",
     {"{}", "{\"tls.p99\":\"<1s\",\"memory.peak\":\"<= 1GiB\"}"},
     {"1", "[]", "null", "{\"tls\":\"< 1s\"}", "{\"tls.p99\":1}", "{\"tls.p99\":\"1s\"}"}},
    {embedded,
     "expect",
     {"{\"findings\":[\"crash\"]}", "{\"flavors\":{\"tsan\":[\"tsan\"]}}"},
     {NO_OBJECT, "{}"}},
    {embedded, "expect.findings", {"[\"crash\",\"hang\"]"}, {"1", "[]", "{}", "[1]", "[\"x\"]"}},
    {embedded,
     "expect.flavors",
     {"{\"plain\":[\"leak\"],\"poison\":[\"crash\"],\"asan\":[\"asan\"]}"},
     {"1", "[]", "{}", "{\"x\":[\"crash\"]}", "{\"asan\":[]}", "{\"asan\":[\"x\"]}"}},
    {embedded, "matrix", {"{}", "{\"trials\":[1]}"}, {"1", "[]", "null", "{\"trials\":1}"}},
};

/* The base with the value (JSON) put where the path says; the caller frees it with cJSON_free. */
static char *make_text(const struct row *row, const char *value)
{
    struct dotted path;
    const char *problem = NULL;
    size_t at = 0;
    cJSON *tree = cJSON_Parse(row->base);
    assert_int_equal(dotted_parse(&path, row->path, strlen(row->path), &problem), 0);
    if (dotted_set(tree, &path, cJSON_Parse(value), &problem, &at) != 0) {
        fail_msg("%s: %s", row->path, problem);
    }
    char *text = cJSON_PrintUnformatted(tree);
    assert_non_null(text);
    dotted_release(&path);
    cJSON_Delete(tree);
    return text;
}

static bool accepts(const struct row *row, const char *value, struct failure *failure)
{
    struct scenario_list list = SCENARIO_LIST_INIT;
    char *text = make_text(row, value);
    int status = scenario_parse(&list, "test.json", text, strlen(text), NULL, 0, failure);
    scenario_list_clear(&list);
    cJSON_free(text);
    return status == 0;
}

static void test_every_key(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct failure failure = FAILURE_INIT;
        for (size_t j = 0; j < 8 && row->accepted[j] != NULL; j++) {
            if (!accepts(row, row->accepted[j], &failure)) {
                print_error("%s=%s refused: %s\n", row->path, row->accepted[j], failure.text);
                wrong++;
            }
        }
        for (size_t j = 0; j < 16 && row->refused[j] != NULL; j++) {
            failure.text[0] = '\0';
            if (accepts(row, row->refused[j], &failure)) {
                print_error("%s=%s accepted\n", row->path, row->refused[j]);
                wrong++;
            } else if (strstr(failure.text, ": at $") == NULL) {
                print_error("%s=%s: no path in: %s\n", row->path, row->refused[j], failure.text);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* Whether some row is about a key of that name. */
static bool is_covered(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t path = strlen(rows[i].path);
        if (path >= length && strcmp(rows[i].path + path - length, name) == 0) {
            return true;
        }
    }
    return false;
}

static void expect_covered(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (!is_covered(shape->keys[i].name)) {
            fail_msg("no row for `%s` of %s", shape->keys[i].name, shape->name);
        }
        if (shape->keys[i].type == VALUE_OBJECT) {
            expect_covered(shape->keys[i].shape);
        }
    }
}

static void test_table_is_complete(void **state)
{
    (void)state;
    static const struct shape *const shapes[] = {&shape_scenario, &shape_rate, &shape_stage,
                                                 &shape_fault};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        expect_covered(shapes[i]);
    }
    for (size_t i = 0; i < step_entry_count; i++) {
        expect_covered(step_entries[i].shape);
        if (step_entries[i].racing != NULL) {
            expect_covered(step_entries[i].racing);
        }
    }
}

static void test_defaults(void **state)
{
    (void)state;
    struct scenario *s = parse_one("{\"name\":\"d\"}");
    assert_string_equal(s->name, "d");
    assert_string_equal(s->description, "");
    assert_string_equal(s->file, "folder/test.json");
    assert_string_equal(s->combination, "");
    assert_string_equal(s->client.library, "h2");
    assert_string_equal(s->client.options, "{}");
    assert_string_equal(s->client.alpn, "h2");
    assert_null(s->client.exec);
    assert_true(s->client.verify);
    assert_false(s->client.ignore_promises);
    assert_false(s->client.pools);
    assert_true(s->client.interposition);
    assert_false(s->client.count_allocations);
    assert_int_equal(s->client.tls_min, 0);
    assert_int_equal(s->client.tls_max, 0);
    assert_int_equal(s->client.session, EIGHTH_SESSION_REUSE);
    assert_int_equal(s->target.kind, TARGET_EMBEDDED);
    assert_true(s->target.embedded.tls);
    assert_int_equal(s->target.embedded.tls_min, 0x0303);
    assert_int_equal(s->target.embedded.tls_max, 0x0304);
    assert_int_equal(s->target.embedded.tickets, 2);
    assert_int_equal(s->target.embedded.max_streams, 100);
    assert_int_equal(s->target.embedded.fault_count, 0);
    assert_int_equal(s->load.threads, 1);
    assert_int_equal(s->load.clients, 1);
    assert_int_equal(s->load.cycles, 1);
    assert_int_equal(s->load.sample_every, 1);
    assert_int_equal(s->load.start, START_TOGETHER);
    assert_int_equal(s->step_count, 3);
    assert_int_equal(s->steps[0].kind, STEP_CONNECT);
    assert_int_equal(s->steps[0].timeout_ns, 5 * NS_PER_S);
    assert_int_equal(s->steps[0].expect.resumed, -1);
    assert_int_equal(s->steps[1].kind, STEP_REQUEST);
    assert_string_equal(s->steps[1].path, "/get");
    assert_string_equal(s->steps[1].method, "GET");
    assert_int_equal(s->steps[1].expect.body_bytes, -1);
    assert_int_equal(s->steps[1].expect.status, 0);
    assert_int_equal(s->steps[2].kind, STEP_CLOSE);
    assert_int_equal(s->steps[2].close, CLOSE_GRACEFUL);
    assert_int_equal(s->trials, 1);
    assert_int_equal(s->deadline_ns, 60 * NS_PER_S);
    assert_int_equal(s->limits.memory_bytes, UINT64_C(4) << 30);
    assert_int_equal(s->limits.output_bytes, 1 << 20);
    assert_int_equal(s->threshold_count, 0);
    assert_int_equal(s->expectation_count, 0);
    scenario_free(s);
}

static void test_full_target(void **state)
{
    (void)state;
    struct scenario *s = parse_one(
        "{\"name\":\"f\",\"target\":{\"embedded\":{\"versions\":{\"max\":\"1.2\"},"
        "\"certificate\":\"long-chain\",\"key\":\"rsa\",\"tickets\":0,\"renew_tickets\":true,"
        "\"alpn\":\"h2,x\",\"threads\":3,\"port\":8443,\"max_streams\":7,\"faults\":["
        "{\"fault\":\"goaway\",\"every\":3,\"after\":2,\"code\":9},"
        "{\"fault\":\"rst-stream\",\"at\":8},"
        "{\"fault\":\"dripped-body\",\"probability\":0.25,\"delay\":\"7ms\"},"
        "{\"fault\":\"delayed-body\",\"every\":5}]}}}");
    const struct embedded_model *e = &s->target.embedded;
    assert_int_equal(e->tls_max, 0x0303);
    assert_int_equal(e->certificate, CERTIFICATE_LONG_CHAIN);
    assert_int_equal(e->key, KEY_RSA);
    assert_int_equal(e->tickets, 0);
    assert_true(e->renew_tickets);
    assert_string_equal(e->alpn, "h2,x");
    assert_int_equal(e->threads, 3);
    assert_int_equal(e->port, 8443);
    assert_int_equal(e->max_streams, 7);
    assert_int_equal(e->fault_count, 4);
    const struct fault_rule *f = e->faults;
    assert_int_equal(f[0].id, FAULT_GOAWAY);
    assert_int_equal(f[0].every, 3);
    assert_int_equal(f[0].at, 0);
    assert_true(f[0].probability < 0);
    assert_int_equal(f[0].after, 2);
    assert_int_equal(f[0].code, 9);
    assert_int_equal(f[1].at, 8);
    assert_int_equal(f[1].every, 0);
    assert_int_equal(f[1].code, fault_kind_of(FAULT_RST_STREAM)->default_code);
    assert_true(f[2].probability == 0.25);
    assert_int_equal(f[2].delay_ns, 7 * NS_PER_MS);
    assert_int_equal(f[3].delay_ns, fault_kind_of(FAULT_DELAYED_BODY)->default_delay_ns);
    scenario_free(s);
}

static void test_full_load(void **state)
{
    (void)state;
    struct scenario *s =
        parse_one("{\"name\":\"f\",\"load\":{\"threads\":3,\"clients\":40,\"cycles\":500,"
                  "\"start\":\"staggered\",\"affinity\":\"migrate\"}}");
    assert_int_equal(s->load.threads, 3);
    assert_int_equal(s->load.stagger_ns, NS_PER_S);
    assert_int_equal(s->load.affinity, AFFINITY_MIGRATE);
    assert_int_equal(s->load.sample_every, 10);
    scenario_free(s);
    s = parse_one("{\"name\":\"f\",\"load\":{\"duration\":\"10s\",\"start\":{\"rate\":\"60/m\"},"
                  "\"clients\":40,\"fresh_threads\":true}}");
    assert_int_equal(s->load.start, START_RATE);
    assert_true(s->load.rate == 1.0);
    assert_int_equal(s->load.duration_ns, 10 * NS_PER_S);
    assert_int_equal(s->load.cycles, 0);
    assert_int_equal(s->load.threads, 16);
    assert_true(s->load.fresh_threads);
    assert_int_equal(s->load.sample_every, 100);
    scenario_free(s);
    s = parse_one("{\"name\":\"f\",\"load\":{\"stages\":[{\"duration\":\"2s\",\"target\":30},"
                  "{\"duration\":\"1s\",\"target\":0}]}}");
    assert_int_equal(s->load.stage_count, 2);
    assert_int_equal(s->load.stages[0].duration_ns, 2 * NS_PER_S);
    assert_true(s->load.stages[0].target == 30);
    assert_int_equal(s->load.clients, 30);
    assert_int_equal(s->load.cycles, 0);
    scenario_free(s);
}

static void test_full_steps(void **state)
{
    (void)state;
    struct scenario *s = parse_one(
        "{\"name\":\"f\",\"client\":{\"alpn\":\"\"},\"steps\":["
        "{\"connect\":{\"timeout\":\"3s\",\"expect\":{\"resumed\":false}}},"
        "{\"repeat\":{\"times\":4,\"steps\":[{\"request\":{\"method\":\"POST\",\"path\":\"/echo\","
        "\"headers\":{\"a\":\"1\",\"b\":\"2\"},\"body\":{\"bytes\":\"64KiB\"},"
        "\"expect\":{\"status\":201,\"body\":\"hello\",\"body_bytes\":\"5B\"}}},"
        "{\"hold\":{\"time\":\"2ms\",\"jitter\":\"3ms\"}}]}},"
        "{\"race\":{\"operations\":[{\"ping\":{\"jitter\":\"4ms\"}},"
        "{\"request\":{\"path\":\"/\",\"body\":\"x\"}},{\"close\":{\"mode\":\"abrupt\"}}]}},"
        "{\"request\":{\"path\":\"/\",\"capture\":\"1KiB\",\"expect\":{\"error\":"
        "{\"phase\":\"request\",\"class\":\"cancelled\"}}}}]}");
    assert_null(s->client.alpn);
    assert_int_equal(s->step_count, 4);
    assert_int_equal(s->steps[0].expect.resumed, 0);
    const struct step *repeat = &s->steps[1];
    assert_int_equal(repeat->index, 1);
    assert_int_equal(repeat->times, 4);
    assert_int_equal(repeat->step_count, 2);
    const struct step *request = &repeat->steps[0];
    assert_int_equal(request->index, 2);
    assert_string_equal(request->method, "POST");
    assert_int_equal(request->header_count, 2);
    assert_string_equal(request->headers[1].name, "b");
    assert_string_equal(request->headers[1].value, "2");
    assert_null(request->body);
    assert_int_equal(request->body_bytes, 65536);
    assert_int_equal(request->expect.status, 201);
    assert_string_equal(request->expect.body, "hello");
    assert_int_equal(request->expect.body_bytes, 5);
    assert_int_equal(request->capture_bytes, 6);
    assert_int_equal(repeat->steps[1].hold_ns, 2 * NS_PER_MS);
    assert_int_equal(repeat->steps[1].hold_jitter_ns, 3 * NS_PER_MS);
    const struct step *race = &s->steps[2];
    assert_int_equal(race->index, 4);
    assert_int_equal(race->step_count, 3);
    assert_int_equal(race->steps[0].jitter_ns, 4 * NS_PER_MS);
    assert_string_equal(race->steps[1].body, "x");
    assert_int_equal(race->steps[2].close, CLOSE_ABRUPT);
    assert_int_equal(race->steps[2].index, 7);
    const struct step *last = &s->steps[3];
    assert_int_equal(last->index, 8);
    assert_true(last->expect.error);
    assert_int_equal(last->expect.error_phase, EIGHTH_PHASE_REQUEST);
    assert_int_equal(last->expect.error_class, EIGHTH_CANCELLED);
    assert_int_equal(last->capture_bytes, 1024);
    scenario_free(s);
}

static void test_full_judging(void **state)
{
    (void)state;
    struct scenario *s = parse_one(
        "{\"name\":\"f\",\"trials\":9,\"deadline\":\"90s\",\"limits\":{\"memory\":\"1GiB\"},"
        "\"thresholds\":{\"tls.p99.9\":\"<= 1.5s\",\"errors.rate\":\"== 0\","
        "\"handshakes.resumed.rate\":\">=75%\",\"cycles.rate\":\"> 60/m\",\"memory.peak\":"
        "\"< 2KiB\",\"cycles.failed\":\"!= 3\"},"
        "\"expect\":{\"findings\":[\"crash\"],\"flavors\":{\"tsan\":[\"tsan\",\"hang\"]}}}");
    assert_int_equal(s->trials, 9);
    assert_int_equal(s->deadline_ns, 90 * NS_PER_S);
    assert_int_equal(s->limits.memory_bytes, 1 << 30);
    assert_int_equal(s->threshold_count, 6);
    static const struct {
        const char *metric;
        enum comparison comparison;
        double value;
    } wanted[] = {
        {"tls.p99.9", LESS_EQUAL, 1.5e9},
        {"errors.rate", EQUAL, 0},
        {"handshakes.resumed.rate", GREATER_EQUAL, 0.75},
        {"cycles.rate", GREATER, 1},
        {"memory.peak", LESS, 2048},
        {"cycles.failed", NOT_EQUAL, 3},
    };
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(s->thresholds[i].metric, wanted[i].metric);
        assert_int_equal(s->thresholds[i].comparison, wanted[i].comparison);
        assert_true(s->thresholds[i].value == wanted[i].value);
    }
    assert_string_equal(s->thresholds[2].text, ">=75%");
    assert_int_equal(s->expectation_count, 2);
    assert_null(s->expectations[0].flavor);
    assert_string_equal(s->expectations[0].kinds[0], "crash");
    assert_null(s->expectations[0].kinds[1]);
    assert_string_equal(s->expectations[1].flavor, "tsan");
    assert_string_equal(s->expectations[1].kinds[1], "hang");
    scenario_free(s);
}

/* Orders of steps that make sense although they look odd. */
static void test_odd_steps(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[{\"hold\":{\"time\":\"1s\"}}]",
        "[{\"connect\":{}}]",
        "[{\"connect\":{}},{\"close\":{}},{\"close\":{}}]",
        "[{\"connect\":{}},{\"close\":{\"mode\":\"none\"}},{\"connect\":{}},{\"ping\":{}}]",
        "[{\"request\":{\"path\":\"/\",\"expect\":{\"error\":{}}}}]",
        "[{\"connect\":{\"expect\":{\"error\":{}}}},{\"connect\":{}},{\"ping\":{}}]",
        "[{\"connect\":{\"expect\":{\"error\":{}}}},{\"close\":{}}]",
        "[{\"race\":{\"operations\":[{\"connect\":{}},{\"close\":{}}]}},{\"connect\":{}}]",
        "[{\"connect\":{}},{\"race\":{\"operations\":[{\"ping\":{}},{\"ping\":{}}]}},"
        "{\"ping\":{}}]",
        "[{\"repeat\":{\"times\":9,\"steps\":[{\"connect\":{}},{\"close\":{\"mode\":\"none\"}}]}}]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[400];
        (void)snprintf(text, sizeof text, "{\"name\":\"s\",\"steps\":%s}", texts[i]);
        scenario_free(parse_one(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),    cmocka_unit_test(test_table_is_complete),
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_full_target),
        cmocka_unit_test(test_full_load),    cmocka_unit_test(test_full_steps),
        cmocka_unit_test(test_full_judging), cmocka_unit_test(test_odd_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
