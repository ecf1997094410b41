/* SPDX-License-Identifier: MIT
 *
 * Decides what a scenario may say about an external program.
 */
#include "harness/scenario/keys_program.h"

#include "client/eighth_client.h"
#include "harness/scenario/placeholder.h"
#include "harness/scenario/resolve.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 256
#define MOST_VARIABLES 128
#define LONGEST_WORD 16384U
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

/* ---- exec ---- */

static int check_placeholders(struct reading *reading, const struct place *place, const char *text)
{
    char unknown[64];
    struct suggestion suggestion;
    if (!placeholder_find_unknown(text, unknown, sizeof unknown)) {
        return 0;
    }
    suggest_begin(&suggestion, unknown);
    struct buffer known = {.ceiling = 300};
    for (int i = 0; i < PLACEHOLDERS; i++) {
        suggest_offer(&suggestion, placeholder_name((enum placeholder)i));
        buffer_printf(&known, "%s{%s}", i == 0 ? "" : ", ", placeholder_name((enum placeholder)i));
    }
    if (suggestion.best != NULL) {
        (void)reading_fail(reading, place,
                           "unknown placeholder {%s}; did you mean {%s}? (a brace itself is "
                           "written `{{`)",
                           unknown, suggestion.best);
    } else {
        (void)reading_fail(reading, place,
                           "unknown placeholder {%s}; there are %s (a brace itself is written "
                           "`{{`)",
                           unknown, buffer_text(&known));
    }
    buffer_clear(&known);
    return -1;
}

static int check_word(struct reading *reading, const struct place *place, const cJSON *item)
{
    char text[READING_QUOTE];
    if (!cJSON_IsString(item)) {
        return reading_fail(reading, place, "expected a text, got %s",
                            reading_describe(text, item));
    }
    if (strlen(item->valuestring) > LONGEST_WORD) {
        return reading_fail(reading, place, "this text is longer than %u bytes", LONGEST_WORD);
    }
    return check_placeholders(reading, place, item->valuestring);
}

/* The program: a name for the search path, or a path from the scenario's folder. */
static int read_program(struct reading *reading, const struct place *place, cJSON *item,
                        char **word)
{
    char text[READING_QUOTE];
    if (!cJSON_IsString(item) || *item->valuestring == '\0' ||
        !resolve_is_path(item->valuestring)) {
        return reading_fail(reading, place,
                            "expected a program: a name such as \"curl\" or a path such as "
                            "\"./client\", got %s",
                            reading_describe(text, item));
    }
    if (strpbrk(item->valuestring, "{}") != NULL) {
        return reading_fail(reading, place, "the program's name cannot hold placeholders");
    }
    return resolve_into(reading, item, word);
}

int program_read_exec(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct client_model *client = model;
    char text[READING_QUOTE];
    size_t count = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0;
    if (count < 1 || count > MOST_WORDS) {
        return reading_fail(reading, place,
                            "expected a list of 1 to %d texts, the program and its arguments, such "
                            "as [\"curl\", \"https://{host}:{port}{path}\"], got %s",
                            MOST_WORDS, reading_describe(text, value));
    }
    client->exec = calloc(count + 1, sizeof *client->exec);
    if (client->exec == NULL) {
        return reading_no_memory(reading);
    }
    struct place at = {place, NULL, 0};
    for (cJSON *item = value->child; item != NULL; item = item->next, at.index++) {
        if (at.index == 0) {
            if (read_program(reading, &at, item, &client->exec[0]) != 0) {
                return -1;
            }
        } else if (check_word(reading, &at, item) != 0 ||
                   shape_copy(reading, &client->exec[at.index], item->valuestring) != 0) {
            return -1;
        }
    }
    return 0;
}

cJSON *program_exec_schema(void)
{
    return shape_literal("{\"type\":\"array\",\"minItems\":1,\"maxItems\":256,"
                         "\"prefixItems\":[{\"type\":\"string\",\"pattern\":\"^[^{}]+$\"}],"
                         "\"items\":{\"type\":\"string\",\"maxLength\":16384}}");
}

/* ---- env ---- */

static bool is_variable(const char *name)
{
    return name[0] != '\0' && strchr(NAME_LETTERS, name[0]) != NULL &&
           name[strspn(name, NAME_LETTERS "0123456789")] == '\0' && strlen(name) <= 256;
}

int program_read_env(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct client_model *client = model;
    char text[READING_QUOTE];
    if (!cJSON_IsObject(value)) {
        return reading_fail(reading, place, "expected an object of names and values, got %s",
                            reading_describe(text, value));
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    size_t used = 0;
    if (count > MOST_VARIABLES) {
        return reading_fail(reading, place, "at most %d variables can be given", MOST_VARIABLES);
    }
    client->env = calloc(count + 1, sizeof *client->env);
    if (client->env == NULL) {
        return reading_no_memory(reading);
    }
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        struct place inside = {place, item->string, 0};
        if (!is_variable(item->string)) {
            return reading_fail_key(reading, place, item->string, SYNTAX_KEY,
                                    "%s is no name of a variable",
                                    reading_quote(text, item->string));
        }
        if (check_word(reading, &inside, item) != 0) {
            return -1;
        }
        if (asprintf(&client->env[used], "%s=%s", item->string, item->valuestring) < 0) {
            client->env[used] = NULL;
            return reading_no_memory(reading);
        }
        used++;
    }
    return 0;
}

cJSON *program_env_schema(void)
{
    return shape_literal("{\"type\":\"object\",\"maxProperties\":128,\"propertyNames\":{"
                         "\"pattern\":\"^[A-Za-z_][A-Za-z0-9_]{0,255}$\"},"
                         "\"additionalProperties\":{\"type\":\"string\",\"maxLength\":16384}}");
}

/* ---- cwd ---- */

int program_read_cwd(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct client_model *client = model;
    char text[READING_QUOTE];
    if (!cJSON_IsString(value) || *value->valuestring == '\0' ||
        !resolve_is_path(value->valuestring)) {
        return reading_fail(reading, place, "expected the path of a folder, got %s",
                            reading_describe(text, value));
    }
    const char *from = strcmp(value->valuestring, ".") == 0 ? "./" : value->valuestring;
    char *path = resolve_path(reading->folder, from);
    if (path == NULL) {
        return reading_no_memory(reading);
    }
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        path[--length] = '\0';
    }
    /* An empty name is the current folder, wherever eighth is. */
    int status = -1;
    if (cJSON_SetValuestring(value, length > 0 ? path : "/") == NULL) {
        (void)reading_no_memory(reading);
    } else {
        status = shape_copy(reading, &client->cwd, value->valuestring);
    }
    free(path);
    return status;
}

cJSON *program_cwd_schema(void)
{
    return shape_literal("{\"type\":\"string\",\"pattern\":\"^[^\\u0001-\\u001f\\u007f]+$\"}");
}

/* ---- the rest of the scenario ---- */

const char *program_default_steps(const void *scenario)
{
    const struct scenario *model = scenario;
    return model->client.exec != NULL ? "[{\"run\":{}}]" : NULL;
}

/* A key that says more than its default, in an object of the scenario. */
struct refusal {
    const char *object;
    const char *key;
    bool applies;
    const char *why;
};

static int refuse(struct reading *reading, const struct place *place,
                  const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (refusals[i].applies) {
            struct place object = {place, refusals[i].object, 0};
            return reading_fail_key(reading, &object, refusals[i].key, SYNTAX_KEY,
                                    "`%s` has no meaning for an external program (`client.exec`): "
                                    "%s",
                                    refusals[i].key, refusals[i].why);
        }
    }
    return 0;
}

static int check_client(struct reading *reading, const struct place *place,
                        const struct client_model *client)
{
    static const char own[] = "it is the program's own business; give it as an argument";
    const struct refusal refusals[] = {
        {"client", "options", strcmp(client->options, "{}") != 0, own},
        {"client", "ignore_promises", client->ignore_promises, "it promises nothing"},
        {"client", "pools", client->pools,
         "`connections` in `expect` of a step says how many it must make"},
        {"client", "count_allocations", client->count_allocations, "its memory is its own"},
        {"client", "verify", !client->verify, own},
        {"client", "tls", client->tls_min != 0 || client->tls_max != 0, own},
        {"client", "session", client->session != EIGHTH_SESSION_REUSE, own},
        {"client", "alpn", client->alpn == NULL || strcmp(client->alpn, "h2") != 0, own},
    };
    return refuse(reading, place, refusals, sizeof refusals / sizeof *refusals);
}

static int check_load(struct reading *reading, const struct place *place, const cJSON *object,
                      const struct scenario *scenario)
{
    const struct load_model *load = &scenario->load;
    const cJSON *written = cJSON_GetObjectItemCaseSensitive(object, "load");
    bool sampled = cJSON_GetObjectItemCaseSensitive(written, "sample_every") != NULL;
    bool one = placeholder_one_process(&scenario->client);
    const struct refusal refusals[] = {
        {"load", "stages", load->stage_count > 0, "use `start` with a rate, or `duration`"},
        {"load", "affinity", load->affinity != AFFINITY_PINNED, "it has threads of its own"},
        {"load", "fresh_threads", load->fresh_threads, "it has threads of its own"},
        {"load", "sample_every", sampled, "it is sampled by time"},
        {"load", "duration", one && load->cycles == 0,
         "`{cycles}` wants a number: give `cycles` instead"},
        {"load", "start", one && load->start == START_RATE,
         "with `{cycles}` one process runs all cycles of its client, when it likes"},
    };
    return refuse(reading, place, refusals, sizeof refusals / sizeof *refusals);
}

static const char *kind_name(enum step_kind kind)
{
    for (size_t i = 0; i < step_entry_count; i++) {
        if (step_entries[i].kind == kind) {
            return step_entries[i].name;
        }
    }
    return "?";
}

static int check_steps(struct reading *reading, const struct place *place,
                       const struct scenario *scenario)
{
    bool one = placeholder_one_process(&scenario->client);
    struct place list = {place, "steps", 0};
    size_t runs = 0;
    for (size_t i = 0; i < scenario->step_count; i++) {
        struct place item = {&list, NULL, i};
        struct place at = {&item, kind_name(scenario->steps[i].kind), 0};
        if (scenario->steps[i].kind != STEP_RUN && scenario->steps[i].kind != STEP_HOLD) {
            return reading_fail(reading, &at,
                                "%s is an operation of a client library; an external program is "
                                "run as a whole: {\"run\": {}}",
                                kind_name(scenario->steps[i].kind));
        }
        if (one && (scenario->steps[i].kind == STEP_HOLD || runs > 0)) {
            return reading_fail(reading, &at,
                                "with `{cycles}` one process runs all cycles of its client: the "
                                "only step is one `run`");
        }
        runs += scenario->steps[i].kind == STEP_RUN;
    }
    return runs > 0 ? 0
                    : reading_fail(reading, &list, "no step runs the program: add {\"run\": {}}");
}

/* Recursion ends: steps are nested at most SCENARIO_MAX_NESTING deep. */
static int refuse_run(struct reading *reading, const struct place *list, const struct step *steps,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct place item = {list, NULL, i};
        struct place at = {&item, kind_name(steps[i].kind), 0};
        if (steps[i].kind == STEP_RUN) {
            return reading_fail(reading, &at,
                                "`run` starts an external program, but the client is a library; "
                                "give `client.exec`, or use connect, request and close");
        }
        struct place children = {&at, "steps", 0};
        if (steps[i].kind == STEP_REPEAT &&
            refuse_run(reading, &children, steps[i].steps, steps[i].step_count) != 0) {
            return -1;
        }
    }
    return 0;
}

int program_check(struct reading *reading, const struct place *place, const cJSON *object)
{
    const struct scenario *scenario = reading->scenario;
    if (scenario->client.exec == NULL) {
        struct place list = {place, "steps", 0};
        return refuse_run(reading, &list, scenario->steps, scenario->step_count);
    }
    if (check_client(reading, place, &scenario->client) != 0 ||
        check_load(reading, place, object, scenario) != 0) {
        return -1;
    }
    return check_steps(reading, place, scenario);
}
