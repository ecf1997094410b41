/* SPDX-License-Identifier: MIT
 *
 * The tables of what a step must come to: success of some kind, or an error.
 */
#include "client/eighth_client.h"
#include "harness/scenario/shape.h"

#include <string.h>

#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

/* ---- expected errors ---- */

static const struct choice phases[] = {
    {"resolve", EIGHTH_PHASE_RESOLVE}, {"tcp", EIGHTH_PHASE_TCP},
    {"tls", EIGHTH_PHASE_TLS},         {"alpn", EIGHTH_PHASE_ALPN},
    {"h2", EIGHTH_PHASE_H2},           {"request", EIGHTH_PHASE_REQUEST},
    {"close", EIGHTH_PHASE_CLOSE},     {NULL, 0},
};

static const struct choice classes[] = {
    {"refused", EIGHTH_REFUSED},
    {"reset", EIGHTH_RESET},
    {"timeout", EIGHTH_TIMEOUT},
    {"protocol", EIGHTH_PROTOCOL},
    {"certificate", EIGHTH_CERTIFICATE},
    {"cancelled", EIGHTH_CANCELLED},
    {"internal", EIGHTH_INTERNAL},
    {"unsupported", EIGHTH_UNSUPPORTED},
    {NULL, 0},
};

static const struct key error_keys[] = {
    {.name = "phase",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct expect_model, error_phase),
     .choices = phases,
     .help = "where it must fail; without it anywhere"},
    {.name = "class",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct expect_model, error_class),
     .choices = classes,
     .help = "why it must fail; without it for any reason"},
};

static void init_error(void *model)
{
    struct expect_model *expect = model;
    expect->error = true;
}

static const struct shape shape_error = {
    .name = "error",
    .help = "the failure that the step must end with; {} is any",
    .keys = error_keys,
    .count = COUNT_OF(error_keys),
    .init = init_error,
};

/* ---- expect of the steps ---- */

static void init_expect(void *model)
{
    struct expect_model *expect = model;
    expect->body_bytes = -1;
    expect->resumed = -1;
}

#define ERROR_KEY                                                     \
    {                                                                 \
        .name = "error", .type = VALUE_OBJECT, .shape = &shape_error, \
        .help = "the step must fail, and so"                          \
    }

static const struct key connect_expect_keys[] = {
    {.name = "resumed",
     .type = VALUE_FLAG,
     KEY_FIELD(struct expect_model, resumed),
     .help = "the handshake must (must not) resume a session; without it either will do"},
    ERROR_KEY,
};

const struct shape shape_connect_expect = {
    .name = "connect-expect",
    .help = "what a connect must come to; without anything: success",
    .keys = connect_expect_keys,
    .count = COUNT_OF(connect_expect_keys),
    .alternatives = {"resumed", "error"},
    .init = init_expect,
};

static const struct key ping_expect_keys[] = {ERROR_KEY};

const struct shape shape_ping_expect = {
    .name = "ping-expect",
    .help = "what a ping must come to; without anything: success",
    .keys = ping_expect_keys,
    .count = COUNT_OF(ping_expect_keys),
    .init = init_expect,
};

static const struct key request_expect_keys[] = {
    {.name = "status",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct expect_model, status),
     .minimum = 100,
     .maximum = 599,
     .help = "HTTP status; without it any from 200 to 299"},
    {.name = "body",
     .type = VALUE_TEXT,
     KEY_FIELD(struct expect_model, body),
     .form = &form_any,
     .help = "the body, exactly"},
    {.name = "body_bytes",
     .type = VALUE_SIZE,
     KEY_FIELD(struct expect_model, body_bytes),
     .minimum = 0,
     .maximum = 0x1p50,
     .help = "length of the body, exactly"},
    ERROR_KEY,
};

static const struct key run_expect_keys[] = {
    {.name = "exit",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct expect_model, exit_status),
     .minimum = 0,
     .maximum = 255,
     .fallback = "0",
     .help = "the program's exit status"},
    {.name = "connections",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct expect_model, connections),
     .minimum = 0,
     .maximum = 1000000,
     .fallback = "1",
     .help = "connections that the embedded target must have seen of each process, at least"},
};

const struct shape shape_run_expect = {
    .name = "run-expect",
    .help = "what a process must come to",
    .keys = run_expect_keys,
    .count = COUNT_OF(run_expect_keys),
    .init = init_expect,
};

static int check_request_expect(struct reading *reading, const struct place *place,
                                const cJSON *object, void *model)
{
    const struct expect_model *expect = model;
    const char *other = NULL;
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        other = strcmp(item->string, "error") != 0 ? item->string : other;
    }
    if (expect->error && other != NULL) {
        return reading_fail_key(reading, place, other, SYNTAX_KEY,
                                "`error` and `%s` exclude each other: a request that fails has no "
                                "response",
                                other);
    }
    return 0;
}

/* {"if": {"required": ["error"]}, "then": {"maxProperties": 1}} */
static int refine_request_expect(cJSON *schema)
{
    cJSON *condition = shape_literal("{\"required\":[\"error\"]}");
    cJSON *then = shape_literal("{\"maxProperties\":1}");
    if (condition == NULL || then == NULL || !cJSON_AddItemToObject(schema, "if", condition)) {
        cJSON_Delete(condition);
        cJSON_Delete(then);
        return -1;
    }
    if (!cJSON_AddItemToObject(schema, "then", then)) {
        cJSON_Delete(then);
        return -1;
    }
    return 0;
}

const struct shape shape_request_expect = {
    .name = "request-expect",
    .help = "what a request must come to; without anything: a status from 200 to 299",
    .keys = request_expect_keys,
    .count = COUNT_OF(request_expect_keys),
    .init = init_expect,
    .check = check_request_expect,
    .refine = refine_request_expect,
};
