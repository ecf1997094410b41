/* SPDX-License-Identifier: MIT
 *
 * Reads lists of steps, each an object with one key that says what kind it is, and numbers them.
 */
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"

#include <stdlib.h>
#include <string.h>

static const struct step_entry *entry_named(const char *name)
{
    for (size_t i = 0; i < step_entry_count; i++) {
        if (strcmp(step_entries[i].name, name) == 0) {
            return &step_entries[i];
        }
    }
    return NULL;
}

static int unknown_kind(struct reading *reading, const struct place *place, const char *name)
{
    struct suggestion suggestion;
    char quoted[READING_QUOTE];
    suggest_begin(&suggestion, name);
    for (size_t i = 0; i < step_entry_count; i++) {
        suggest_offer(&suggestion, step_entries[i].name);
    }
    if (suggestion.best != NULL) {
        return reading_fail_key(reading, place, name, SYNTAX_KEY,
                                "unknown step %s; did you mean \"%s\"?",
                                reading_quote(quoted, name), suggestion.best);
    }
    return reading_fail_key(
        reading, place, name, SYNTAX_KEY,
        "unknown step %s; steps are connect, request, ping, hold, close, repeat, race, run",
        reading_quote(quoted, name));
}

static int read_step(struct reading *reading, const struct place *place, cJSON *item, bool racing,
                     struct step *step)
{
    char text[READING_QUOTE];
    if (!cJSON_IsObject(item)) {
        return reading_fail(reading, place, "expected a step such as {\"close\": {}}, got %s",
                            reading_describe(text, item));
    }
    if (item->child == NULL) {
        return reading_fail(reading, place,
                            "this step is empty; expected one key such as {\"close\": {}}");
    }
    if (item->child->next != NULL) {
        return reading_fail_key(reading, place, item->child->next->string, SYNTAX_KEY,
                                "a step has one key; begin a new step for %s",
                                reading_quote(text, item->child->next->string));
    }
    const char *name = item->child->string;
    const struct step_entry *entry = entry_named(name);
    if (entry == NULL) {
        return unknown_kind(reading, place, name);
    }
    if (racing && entry->racing == NULL) {
        return reading_fail_key(reading, place, name, SYNTAX_KEY,
                                "a race cannot hold `%s`; only connect, request, ping and close",
                                name);
    }
    struct place inside = {place, name, 0};
    step->kind = entry->kind;
    step->index = (uint16_t)reading->steps_read++;
    if (reading->steps_read > SCENARIO_MAX_STEPS) {
        return reading_fail(reading, place, "there are more than %u steps", SCENARIO_MAX_STEPS);
    }
    return shape_read(reading, &inside, item->child, racing ? entry->racing : entry->shape, step);
}

static int read_items(struct reading *reading, const struct place *place, cJSON *list, bool racing,
                      struct step *steps)
{
    struct place item_place = {place, NULL, 0};
    for (cJSON *item = list->child; item != NULL; item = item->next, item_place.index++) {
        if (read_step(reading, &item_place, item, racing, &steps[item_place.index]) != 0) {
            return -1;
        }
    }
    return 0;
}

int steps_read(struct reading *reading, const struct place *place, cJSON *value, bool racing,
               struct step **steps, size_t *count)
{
    char text[READING_QUOTE];
    if (!cJSON_IsArray(value)) {
        return reading_fail(reading, place, "expected a list of steps, got %s",
                            reading_describe(text, value));
    }
    size_t length = (size_t)cJSON_GetArraySize(value);
    if (racing && (length < 2 || length > SCENARIO_MAX_RACE)) {
        return reading_fail(reading, place, "a race has 2 to %u operations, not %zu",
                            SCENARIO_MAX_RACE, length);
    }
    if (length == 0) {
        return reading_fail(reading, place, "there must be at least one step");
    }
    if (length > SCENARIO_MAX_STEPS) {
        return reading_fail(reading, place, "there are more than %u steps", SCENARIO_MAX_STEPS);
    }
    if (reading->nesting > SCENARIO_MAX_NESTING) {
        return reading_fail(reading, place, "steps are nested deeper than %u levels",
                            SCENARIO_MAX_NESTING);
    }
    *steps = calloc(length, sizeof **steps);
    if (*steps == NULL) {
        return reading_no_memory(reading);
    }
    *count = length;
    reading->nesting++;
    int status = read_items(reading, place, value, racing, *steps);
    reading->nesting--;
    return status;
}

cJSON *steps_schema(void)
{
    return shape_literal("{\"type\":\"array\",\"minItems\":1,\"maxItems\":256,"
                         "\"items\":{\"$ref\":\"#/$defs/step\"}}");
}

/* {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": {kind: shape, ...}} */
static int define_union(cJSON *definitions, const char *name, bool racing)
{
    cJSON *schema = cJSON_AddObjectToObject(definitions, name);
    cJSON *properties = schema != NULL ? cJSON_AddObjectToObject(schema, "properties") : NULL;
    if (properties == NULL || cJSON_AddStringToObject(schema, "type", "object") == NULL ||
        cJSON_AddFalseToObject(schema, "additionalProperties") == NULL ||
        cJSON_AddNumberToObject(schema, "minProperties", 1) == NULL ||
        cJSON_AddNumberToObject(schema, "maxProperties", 1) == NULL) {
        return -1;
    }
    for (size_t i = 0; i < step_entry_count; i++) {
        const struct shape *shape = racing ? step_entries[i].racing : step_entries[i].shape;
        if (shape == NULL) {
            continue;
        }
        cJSON *reference = shape_reference(shape->name);
        if (reference == NULL ||
            !cJSON_AddItemToObject(properties, step_entries[i].name, reference)) {
            cJSON_Delete(reference);
            return -1;
        }
        if (shape_define(definitions, shape) != 0) {
            return -1;
        }
    }
    return 0;
}

int steps_define(cJSON *definitions)
{
    return define_union(definitions, "step", false) != 0 ||
                   define_union(definitions, "operation", true) != 0 ||
                   steps_define_body(definitions) != 0
               ? -1
               : 0;
}
