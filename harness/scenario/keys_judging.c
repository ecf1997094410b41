/* SPDX-License-Identifier: MIT
 *
 * The tables of what a scenario's outcome is judged by: limits and expected findings.
 */
#include "harness/base/buffer.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"

#include <stdlib.h>
#include <string.h>

const char *const scenario_finding_kinds[] = {
    "crash",
    "heap-corruption",
    "asan",
    "ubsan",
    "lsan",
    "tsan",
    "msan",
    "hang",
    "leak",
    "cross-talk",
    "wrong-response",
    "error",
    "threshold",
    "infra",
    "fd-misuse",
    "wrong-total",
    NULL,
};

const char *const scenario_flavors[] = {"plain", "poison", "asan", "tsan", NULL};

/* ---- limits ---- */

static const struct key limits_keys[] = {
    {.name = "memory",
     .type = VALUE_SIZE,
     KEY_FIELD(struct limits_model, memory_bytes),
     .minimum = 0,
     .maximum = 0x1p50,
     .fallback = "\"4GiB\"",
     .help = "resident memory that the worker may take; \"0B\": no limit"},
    {.name = "output",
     .type = VALUE_SIZE,
     KEY_FIELD(struct limits_model, output_bytes),
     .minimum = 0,
     .maximum = 0x1p30,
     .fallback = "\"1MiB\"",
     .help = "kept of each of the worker's standard output and error"},
};

const struct shape shape_limits = {
    .name = "limits",
    .help = "what the worker may take",
    .keys = limits_keys,
    .count = sizeof limits_keys / sizeof *limits_keys,
};

/* ---- expect ---- */

static bool is_word(const char *const *words, const char *text)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, text) == 0) {
            return true;
        }
    }
    return false;
}

static int wrong_word(struct reading *reading, const struct place *place, const char *const *words,
                      const char *what, const cJSON *value)
{
    struct suggestion suggestion;
    char text[READING_QUOTE];
    suggest_begin(&suggestion, cJSON_IsString(value) ? value->valuestring : "");
    struct buffer names = {.ceiling = 400};
    for (const char *const *word = words; *word != NULL; word++) {
        suggest_offer(&suggestion, *word);
        buffer_printf(&names, "%s\"%s\"", word == words ? "" : ", ", *word);
    }
    if (suggestion.best != NULL) {
        (void)reading_fail(reading, place, "%s is no %s; did you mean \"%s\"?",
                           reading_describe(text, value), what, suggestion.best);
    } else {
        (void)reading_fail(reading, place, "expected a %s (%s), got %s", what, buffer_text(&names),
                           reading_describe(text, value));
    }
    buffer_clear(&names);
    return -1;
}

static int read_kinds(struct reading *reading, const struct place *place, const cJSON *value,
                      char ***kinds)
{
    char text[READING_QUOTE];
    size_t count = cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 0;
    if (count < 1 || count > 32) {
        return reading_fail(reading, place, "expected a list of 1 to 32 kinds of findings, got %s",
                            count > 32             ? "more"
                            : cJSON_IsArray(value) ? "an empty one"
                                                   : reading_describe(text, value));
    }
    *kinds = calloc(count + 1, sizeof **kinds);
    if (*kinds == NULL) {
        return reading_no_memory(reading);
    }
    struct place item_place = {place, NULL, 0};
    for (const cJSON *item = value->child; item != NULL; item = item->next, item_place.index++) {
        if (!cJSON_IsString(item) || !is_word(scenario_finding_kinds, item->valuestring)) {
            return wrong_word(reading, &item_place, scenario_finding_kinds, "kind of finding",
                              item);
        }
        if (shape_copy(reading, &(*kinds)[item_place.index], item->valuestring) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Room for every flavor and one for all. */
static struct expectation *add_expectation(struct reading *reading, struct scenario *scenario)
{
    if (scenario->expectations == NULL) {
        size_t most = 1 + sizeof scenario_flavors / sizeof *scenario_flavors;
        scenario->expectations = calloc(most, sizeof *scenario->expectations);
        if (scenario->expectations == NULL) {
            (void)reading_no_memory(reading);
            return NULL;
        }
    }
    return &scenario->expectations[scenario->expectation_count++];
}

static int read_findings(struct reading *reading, const struct place *place, cJSON *value,
                         void *model)
{
    struct expectation *expectation = add_expectation(reading, model);
    return expectation != NULL ? read_kinds(reading, place, value, &expectation->kinds) : -1;
}

static int read_flavors(struct reading *reading, const struct place *place, cJSON *value,
                        void *model)
{
    char text[READING_QUOTE];
    if (!cJSON_IsObject(value) || value->child == NULL) {
        return reading_fail(reading, place, "expected an object of flavors and lists, got %s",
                            reading_describe(text, value));
    }
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        struct place inside = {place, item->string, 0};
        if (!is_word(scenario_flavors, item->string)) {
            return reading_fail_key(
                reading, place, item->string, SYNTAX_KEY,
                "unknown flavor %s; known are \"plain\", \"poison\", \"asan\", \"tsan\"",
                reading_quote(text, item->string));
        }
        struct expectation *expectation = add_expectation(reading, model);
        if (expectation == NULL || shape_copy(reading, &expectation->flavor, item->string) != 0 ||
            read_kinds(reading, &inside, item, &expectation->kinds) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Adds {"type": "array", "items": {"enum": [kinds]}}; NULL without memory. */
static cJSON *kinds_schema(void)
{
    cJSON *schema = shape_literal("{\"type\":\"array\",\"minItems\":1,\"maxItems\":32}");
    cJSON *items = schema != NULL ? cJSON_AddObjectToObject(schema, "items") : NULL;
    cJSON *names = items != NULL ? cJSON_AddArrayToObject(items, "enum") : NULL;
    bool ok = names != NULL;
    for (const char *const *kind = scenario_finding_kinds; ok && *kind != NULL; kind++) {
        cJSON *name = cJSON_CreateString(*kind);
        ok = name != NULL && cJSON_AddItemToArray(names, name);
    }
    if (!ok) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static cJSON *flavors_schema(void)
{
    cJSON *schema =
        shape_literal("{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false}");
    cJSON *properties = schema != NULL ? cJSON_AddObjectToObject(schema, "properties") : NULL;
    bool ok = properties != NULL;
    for (const char *const *flavor = scenario_flavors; ok && *flavor != NULL; flavor++) {
        ok = shape_put(properties, *flavor, kinds_schema()) == 0;
    }
    if (!ok) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static int check_expect(struct reading *reading, const struct place *place, const cJSON *object,
                        void *model)
{
    (void)model;
    return object->child != NULL
               ? 0
               : reading_fail(reading, place, "expected `findings`, `flavors` or both");
}

static int refine_expect(cJSON *schema)
{
    return cJSON_AddNumberToObject(schema, "minProperties", 1) != NULL ? 0 : -1;
}

static const struct key expect_keys[] = {
    {.name = "findings",
     .type = VALUE_CUSTOM,
     .read = read_findings,
     .schema = kinds_schema,
     .expected = "list of kinds",
     .help = "kinds of findings of which one must appear, in every flavor"},
    {.name = "flavors",
     .type = VALUE_CUSTOM,
     .read = read_flavors,
     .schema = flavors_schema,
     .expected = "object of lists",
     .help = "the same for one flavor: {\"tsan\": [\"tsan\"]}"},
};

const struct shape shape_expect = {
    .name = "expect",
    .help = "findings that the scenario is meant to make",
    .keys = expect_keys,
    .count = sizeof expect_keys / sizeof *expect_keys,
    .check = check_expect,
    .refine = refine_expect,
};
