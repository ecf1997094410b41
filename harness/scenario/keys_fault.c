/* SPDX-License-Identifier: MIT
 *
 * The table of one entry of `target.embedded.faults`. Names and parameters come from the fault
 * records.
 */
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"

#include <stdlib.h>
#include <string.h>

static int read_name(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct fault_rule *rule = model;
    char text[READING_QUOTE];
    if (!cJSON_IsString(value)) {
        return reading_fail(reading, place, "expected the name of a fault, got %s",
                            reading_describe(text, value));
    }
    const struct fault_kind *kind = fault_kind_named(value->valuestring);
    if (kind != NULL) {
        rule->id = kind->id;
        return 0;
    }
    struct suggestion suggestion;
    suggest_begin(&suggestion, value->valuestring);
    for (unsigned id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
        suggest_offer(&suggestion, fault_kind_of(id)->name);
    }
    if (suggestion.best != NULL) {
        return reading_fail(reading, place, "there is no fault %s; did you mean \"%s\"?",
                            reading_describe(text, value), suggestion.best);
    }
    return reading_fail(reading, place, "there is no fault %s; `eighth list faults` shows them",
                        reading_describe(text, value));
}

/* Puts the names of the faults that take a parameter (0: of all) behind "enum". */
static cJSON *names_schema(unsigned parameter)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON *names = schema != NULL ? cJSON_AddArrayToObject(schema, "enum") : NULL;
    bool ok = names != NULL;
    for (unsigned id = FAULT_NONE + 1; ok && id < FAULT_COUNT; id++) {
        const struct fault_kind *kind = fault_kind_of(id);
        if (parameter == 0 || (kind->parameters & parameter) != 0) {
            cJSON *name = cJSON_CreateString(kind->name);
            ok = name != NULL && cJSON_AddItemToArray(names, name);
        }
    }
    if (!ok) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static cJSON *fault_schema(void)
{
    return names_schema(0);
}

static const struct {
    const char *name;
    unsigned parameter;
} parameters[] = {
    {"after", FAULT_TAKES_AFTER},
    {"delay", FAULT_TAKES_DELAY},
    {"code", FAULT_TAKES_CODE},
};

#define PARAMETERS (sizeof parameters / sizeof *parameters)

/* {"if": {"required": [parameter]}, "then": {"properties": {"fault": {"enum": [...]}}}} */
static int refine(cJSON *schema)
{
    cJSON *all = cJSON_AddArrayToObject(schema, "allOf");
    for (size_t i = 0; all != NULL && i < PARAMETERS; i++) {
        cJSON *rule = cJSON_CreateObject();
        if (rule == NULL || !cJSON_AddItemToArray(all, rule)) {
            cJSON_Delete(rule);
            return -1;
        }
        cJSON *condition = cJSON_AddObjectToObject(rule, "if");
        cJSON *required = condition != NULL ? cJSON_AddArrayToObject(condition, "required") : NULL;
        cJSON *name = cJSON_CreateString(parameters[i].name);
        cJSON *then = cJSON_AddObjectToObject(rule, "then");
        cJSON *properties = then != NULL ? cJSON_AddObjectToObject(then, "properties") : NULL;
        cJSON *names = names_schema(parameters[i].parameter);
        if (required == NULL || name == NULL || !cJSON_AddItemToArray(required, name)) {
            cJSON_Delete(name);
            cJSON_Delete(names);
            return -1;
        }
        if (properties == NULL || names == NULL ||
            !cJSON_AddItemToObject(properties, "fault", names)) {
            cJSON_Delete(names);
            return -1;
        }
    }
    return all != NULL ? 0 : -1;
}

static void init_rule(void *model)
{
    struct fault_rule *rule = model;
    rule->probability = -1;
}

/* Defaults that depend on the fault, and parameters that mean nothing to it. */
static int check_rule(struct reading *reading, const struct place *place, const cJSON *object,
                      void *model)
{
    struct fault_rule *rule = model;
    const struct fault_kind *kind = fault_kind_of(rule->id);
    for (size_t i = 0; i < PARAMETERS; i++) {
        const char *name = parameters[i].name;
        if ((kind->parameters & parameters[i].parameter) == 0 &&
            cJSON_GetObjectItemCaseSensitive(object, name) != NULL) {
            return reading_fail_key(reading, place, name, SYNTAX_KEY,
                                    "`%s` means nothing to the fault `%s`", name, kind->name);
        }
    }
    if (cJSON_GetObjectItemCaseSensitive(object, "delay") == NULL) {
        rule->delay_ns = kind->default_delay_ns;
    }
    if (cJSON_GetObjectItemCaseSensitive(object, "code") == NULL) {
        rule->code = kind->default_code;
    }
    return 0;
}

static const struct key fault_keys[] = {
    {.name = "fault",
     .type = VALUE_CUSTOM,
     .read = read_name,
     .schema = fault_schema,
     .required = true,
     .expected = "name of a fault",
     .help = "what goes wrong (`eighth list faults`)"},
    {.name = "every",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct fault_rule, every),
     .minimum = 1,
     .maximum = 1e12,
     .help = "on each n-th connection of the trial: n, 2n, ..."},
    {.name = "at",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct fault_rule, at),
     .minimum = 1,
     .maximum = 1e12,
     .help = "on that connection of the trial only, counted from 1"},
    {.name = "probability",
     .type = VALUE_FRACTION,
     KEY_FIELD(struct fault_rule, probability),
     .minimum = 0,
     .maximum = 1,
     .help = "on this share of the connections, chosen by the trial's seed"},
    {.name = "after",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct fault_rule, after),
     .minimum = 0,
     .maximum = 4294967295.0,
     .help = "requests served on the connection before it strikes; without it 0"},
    {.name = "delay",
     .type = VALUE_DURATION,
     KEY_FIELD(struct fault_rule, delay_ns),
     .minimum = 0,
     .maximum = 3600e9,
     .help = "how long, where the fault waits; without it the fault's own default"},
    {.name = "code",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct fault_rule, code),
     .minimum = 0,
     .maximum = 4294967295.0,
     .help = "HTTP/2 error code that it sends; without it the fault's own default"},
};

const struct shape shape_fault = {
    .name = "fault",
    .help = "one thing that goes wrong on purpose, and on which connections",
    .keys = fault_keys,
    .count = sizeof fault_keys / sizeof *fault_keys,
    .alternatives = {"every", "at", "probability"},
    .one_required = true,
    .init = init_rule,
    .check = check_rule,
    .refine = refine,
};
