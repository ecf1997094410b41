/* SPDX-License-Identifier: MIT
 *
 * The tables of the steps: connect, request, ping, hold, close, repeat, race, run.
 */
#include "harness/scenario/shape.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TIMEOUT 3600e9
#define MAX_HEADERS 64
#define MAX_TIMES 1000000

#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

/* ---- request ---- */

static int read_headers(struct reading *reading, const struct place *place, cJSON *value,
                        void *model)
{
    struct step *step = model;
    char text[READING_QUOTE];
    if (!cJSON_IsObject(value)) {
        return reading_fail(reading, place, "expected an object of names and values, got %s",
                            reading_describe(text, value));
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    if (count > MAX_HEADERS) {
        return reading_fail(reading, place, "at most %d headers can be given", MAX_HEADERS);
    }
    step->headers = calloc(count + 1, sizeof *step->headers);
    if (step->headers == NULL) {
        return reading_no_memory(reading);
    }
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        struct place inside = {place, item->string, 0};
        struct header_model *header = &step->headers[step->header_count++];
        if (!form_header.fits(item->string)) {
            return reading_fail_key(reading, place, item->string, SYNTAX_KEY,
                                    "%s is no header name; HTTP/2 has lower-case names",
                                    reading_quote(text, item->string));
        }
        if (strcmp(item->string, "eighth-nonce") == 0) {
            return reading_fail_key(reading, place, item->string, SYNTAX_KEY,
                                    "the header `eighth-nonce` is eighth's own");
        }
        if (!cJSON_IsString(item) || strlen(item->valuestring) > 4096 ||
            !syntax_is_plain_text(item->valuestring, strlen(item->valuestring))) {
            return reading_fail(reading, &inside,
                                "expected a text of one line, at most 4096 bytes, got %s",
                                reading_describe(text, item));
        }
        if (shape_copy(reading, &header->name, item->string) != 0 ||
            shape_copy(reading, &header->value, item->valuestring) != 0) {
            return -1;
        }
    }
    return 0;
}

static cJSON *headers_schema(void)
{
    return shape_literal("{\"type\":\"object\",\"maxProperties\":64,\"propertyNames\":{\"pattern\":"
                         "\"^[a-z0-9_.!#$%&'*+^`|~-]+$\",\"not\":{\"const\":\"eighth-nonce\"}},"
                         "\"additionalProperties\":{\"type\":\"string\",\"pattern\":\"^[^\\u0001-"
                         "\\u001f\\u007f]*$\"}}");
}

static const struct key body_keys[] = {
    {.name = "bytes",
     .type = VALUE_SIZE,
     KEY_FIELD(struct step, body_bytes),
     .required = true,
     .minimum = 0,
     .maximum = (double)SCENARIO_MAX_BODY,
     .help = "so many bytes, made from the trial's seed"},
};

static const struct shape shape_body = {
    .name = "body",
    .help = "a body that eighth makes",
    .keys = body_keys,
    .count = COUNT_OF(body_keys),
};

static int read_body(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct step *step = model;
    char text[READING_QUOTE];
    if (cJSON_IsString(value)) {
        return shape_copy(reading, &step->body, value->valuestring);
    }
    if (cJSON_IsObject(value)) {
        return shape_read(reading, place, value, &shape_body, step);
    }
    return reading_fail(reading, place, "expected a text or {\"bytes\": \"64KiB\"}, got %s",
                        reading_describe(text, value));
}

static cJSON *body_schema(void)
{
    return shape_literal("{\"anyOf\":[{\"type\":\"string\"},{\"$ref\":\"#/$defs/body\"}]}");
}

/* An expected body is compared with what was kept of the real one: all of it is kept, and one byte
 * more, so that a longer one is seen. */
static int check_request(struct reading *reading, const struct place *place, const cJSON *object,
                         void *model)
{
    struct step *step = model;
    uint64_t needed = step->expect.body != NULL ? strlen(step->expect.body) + 1 : 0;
    if (strcmp(step->method, "CONNECT") == 0) {
        struct place at = {place, "method", 0};
        return reading_fail(reading, &at, "CONNECT makes tunnels, not requests");
    }
    if (cJSON_GetObjectItemCaseSensitive(object, "capture") == NULL) {
        step->capture_bytes = needed;
    } else if (step->capture_bytes + 1 < needed) {
        struct place at = {place, "capture", 0};
        return reading_fail(reading, &at, "less is kept than the expected body has");
    }
    return 0;
}

#define TIMEOUT_KEY                                                                         \
    {                                                                                       \
        .name = "timeout", .type = VALUE_DURATION, KEY_FIELD(struct step, timeout_ns),      \
        .minimum = 1e6, .maximum = MAX_TIMEOUT, .fallback = "\"5s\"",                       \
        .help = "how long the operation may take; one that returns much later is a finding" \
    }

#define EXPECT_KEY(of)                                                                          \
    {                                                                                           \
        .name = "expect", .type = VALUE_OBJECT, KEY_FIELD(struct step, expect), .shape = &(of), \
        .fallback = "{}", .help = "what it must come to"                                        \
    }

/* Last in its table, so that the shape outside a race ends before it. */
#define JITTER_KEY                                                                                 \
    {                                                                                              \
        .name = "jitter", .type = VALUE_DURATION, KEY_FIELD(struct step, jitter_ns), .minimum = 0, \
        .maximum = 60e9, .fallback = "\"0s\"",                                                     \
        .help = "in a race only: the operation begins after a time from 0 up to this, chosen by "  \
                "the trial's seed"                                                                 \
    }

static const struct key request_keys[] = {
    {.name = "method",
     .type = VALUE_TEXT,
     KEY_FIELD(struct step, method),
     .form = &form_method,
     .fallback = "\"GET\"",
     .help = "HTTP method"},
    {.name = "path",
     .type = VALUE_TEXT,
     KEY_FIELD(struct step, path),
     .required = true,
     .form = &form_path,
     .help = "path and query; the embedded target serves what `eighth list endpoints` shows"},
    {.name = "headers",
     .type = VALUE_CUSTOM,
     .read = read_headers,
     .schema = headers_schema,
     .fallback = "{}",
     .expected = "object of names and values",
     .help = "header fields to send; names in lower case"},
    {.name = "body",
     .type = VALUE_CUSTOM,
     .read = read_body,
     .schema = body_schema,
     .expected = "text or {\"bytes\": \"64KiB\"}",
     .help = "body to send"},
    {.name = "capture",
     .type = VALUE_SIZE,
     KEY_FIELD(struct step, capture_bytes),
     .minimum = 0,
     .maximum = (double)SCENARIO_MAX_BODY,
     .help = "how much of the response's body is kept to be checked; without it as much as "
             "`expect.body` needs"},
    TIMEOUT_KEY,
    EXPECT_KEY(shape_request_expect),
    JITTER_KEY,
};

static const struct key connect_keys[] = {TIMEOUT_KEY, EXPECT_KEY(shape_connect_expect),
                                          JITTER_KEY};

static const struct key ping_keys[] = {TIMEOUT_KEY, EXPECT_KEY(shape_ping_expect), JITTER_KEY};

static const struct choice close_modes[] = {
    {"graceful", CLOSE_GRACEFUL}, {"abrupt", CLOSE_ABRUPT}, {"none", CLOSE_NONE}, {NULL, 0}};

static const struct key close_keys[] = {
    {.name = "mode",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct step, close),
     .choices = close_modes,
     .fallback = "\"graceful\"",
     .help = "`graceful`: GOAWAY, close_notify, then TCP; `abrupt`: at once; `none`: the instance "
             "is dropped without close"},
    TIMEOUT_KEY,
    JITTER_KEY,
};

static const struct key hold_keys[] = {
    {.name = "time",
     .type = VALUE_DURATION,
     KEY_FIELD(struct step, hold_ns),
     .required = true,
     .minimum = 0,
     .maximum = 86400e9,
     .help = "how long the instance stays idle; its thread does other work meanwhile"},
    {.name = "jitter",
     .type = VALUE_DURATION,
     KEY_FIELD(struct step, hold_jitter_ns),
     .minimum = 0,
     .maximum = 86400e9,
     .fallback = "\"0s\"",
     .help = "a time from 0 up to this is added, chosen by the trial's seed"},
};

static const struct key run_keys[] = {
    {.name = "path",
     .type = VALUE_TEXT,
     KEY_FIELD(struct step, path),
     .form = &form_path,
     .fallback = "\"/get\"",
     .help = "what `{path}` stands for"},
    {.name = "timeout",
     .type = VALUE_DURATION,
     KEY_FIELD(struct step, timeout_ns),
     .minimum = 1e6,
     .maximum = MAX_TIMEOUT,
     .fallback = "\"30s\"",
     .help = "how long a process may take; one that takes longer is a hang"},
    EXPECT_KEY(shape_run_expect),
};

static int read_children(struct reading *reading, const struct place *place, cJSON *value,
                         void *model)
{
    struct step *step = model;
    return steps_read(reading, place, value, false, &step->steps, &step->step_count);
}

static int read_operations(struct reading *reading, const struct place *place, cJSON *value,
                           void *model)
{
    struct step *step = model;
    return steps_read(reading, place, value, true, &step->steps, &step->step_count);
}

static cJSON *operations_schema(void)
{
    return shape_literal("{\"type\":\"array\",\"minItems\":2,\"maxItems\":16,"
                         "\"items\":{\"$ref\":\"#/$defs/operation\"}}");
}

static const struct key repeat_keys[] = {
    {.name = "times",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct step, times),
     .required = true,
     .minimum = 1,
     .maximum = MAX_TIMES,
     .help = "how often"},
    {.name = "steps",
     .type = VALUE_CUSTOM,
     .read = read_children,
     .schema = steps_schema,
     .required = true,
     .expected = "list of steps",
     .help = "what"},
};

static const struct key race_keys[] = {
    {.name = "operations",
     .type = VALUE_CUSTOM,
     .read = read_operations,
     .schema = operations_schema,
     .required = true,
     .expected = "list of steps",
     .help = "2 to 16 of request, ping, close and connect, each begun on a thread of its own"},
};

#define STEP_SHAPE(shape_name, table, hidden, what)                                                \
    {                                                                                              \
        .name = (shape_name), .help = (what), .keys = (table), .count = COUNT_OF(table) - (hidden) \
    }

static const struct shape shape_connect =
    STEP_SHAPE("connect", connect_keys, 1, "connects the instance, TLS handshake included");
static const struct shape shape_racing_connect =
    STEP_SHAPE("racing-connect", connect_keys, 0, "a connect as an operation of a race");
static const struct shape shape_ping =
    STEP_SHAPE("ping", ping_keys, 1, "HTTP/2 PING and its answer");
static const struct shape shape_racing_ping =
    STEP_SHAPE("racing-ping", ping_keys, 0, "a ping as an operation of a race");
static const struct shape shape_close = STEP_SHAPE("close", close_keys, 1, "ends the connection");
static const struct shape shape_racing_close =
    STEP_SHAPE("racing-close", close_keys, 0, "a close as an operation of a race");
static const struct shape shape_hold =
    STEP_SHAPE("hold", hold_keys, 0, "keeps the instance idle for a time");
static const struct shape shape_repeat =
    STEP_SHAPE("repeat", repeat_keys, 0, "does a list of steps several times");
static const struct shape shape_race =
    STEP_SHAPE("race", race_keys, 0, "does several operations on the same instance at once");

static const struct shape shape_run =
    STEP_SHAPE("run", run_keys, 0, "runs the external program, one process from start to end");

static const struct shape shape_request = {
    .name = "request",
    .help = "sends a request and receives the whole response",
    .keys = request_keys,
    .count = COUNT_OF(request_keys) - 1,
    .check = check_request,
};

static const struct shape shape_racing_request = {
    .name = "racing-request",
    .help = "a request as an operation of a race",
    .keys = request_keys,
    .count = COUNT_OF(request_keys),
    .check = check_request,
};

const struct step_entry step_entries[] = {
    {"connect", STEP_CONNECT, &shape_connect, &shape_racing_connect},
    {"request", STEP_REQUEST, &shape_request, &shape_racing_request},
    {"ping", STEP_PING, &shape_ping, &shape_racing_ping},
    {"hold", STEP_HOLD, &shape_hold, NULL},
    {"close", STEP_CLOSE, &shape_close, &shape_racing_close},
    {"repeat", STEP_REPEAT, &shape_repeat, NULL},
    {"race", STEP_RACE, &shape_race, NULL},
    {"run", STEP_RUN, &shape_run, NULL},
};

const size_t step_entry_count = COUNT_OF(step_entries);

int steps_define_body(cJSON *definitions)
{
    return shape_define(definitions, &shape_body);
}
