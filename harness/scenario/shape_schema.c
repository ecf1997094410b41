/* SPDX-License-Identifier: MIT
 *
 * Makes the JSON Schema of shapes: what the tables say, in the words of draft 2020-12.
 */
#include "harness/scenario/parse.h"
#include "harness/scenario/shape.h"

#include "harness/base/buffer.h"
#include "harness/scenario/units.h"

#include <stdio.h>
#include <string.h>

int shape_put(cJSON *object, const char *key, cJSON *value)
{
    if (value == NULL || !cJSON_AddItemToObject(object, key, value)) {
        cJSON_Delete(value);
        return -1;
    }
    return 0;
}

static int put_text(cJSON *object, const char *key, const char *text)
{
    return shape_put(object, key, cJSON_CreateString(text));
}

static cJSON *text_schema(const char *pattern)
{
    cJSON *schema = cJSON_CreateObject();
    if (schema == NULL || put_text(schema, "type", "string") != 0 ||
        put_text(schema, "pattern", pattern) != 0) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

cJSON *shape_text_schema(const struct form *form)
{
    if (form->pattern == NULL) {
        return shape_literal("{\"type\":\"string\"}");
    }
    char pattern[128];
    (void)snprintf(pattern, sizeof pattern, "^%s$", form->pattern);
    return text_schema(pattern);
}

static cJSON *number_schema(const struct key *key)
{
    cJSON *schema = cJSON_CreateObject();
    if (schema == NULL ||
        put_text(schema, "type", key->type == VALUE_WHOLE ? "integer" : "number") != 0 ||
        shape_put(schema, "minimum", cJSON_CreateNumber(key->minimum)) != 0 ||
        shape_put(schema, "maximum", cJSON_CreateNumber(key->maximum)) != 0) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static cJSON *choice_schema(const struct choice *choices)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON *names = cJSON_CreateArray();
    bool ok = schema != NULL && names != NULL;
    for (const struct choice *choice = choices; ok && choice->name != NULL; choice++) {
        cJSON *name = cJSON_CreateString(choice->name);
        ok = name != NULL && cJSON_AddItemToArray(names, name);
    }
    if (!ok) {
        cJSON_Delete(names);
        cJSON_Delete(schema);
        return NULL;
    }
    if (shape_put(schema, "enum", names) != 0) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

cJSON *shape_reference(const char *name)
{
    char reference[80];
    (void)snprintf(reference, sizeof reference, "#/$defs/%s", name);
    cJSON *schema = cJSON_CreateObject();
    if (schema == NULL || put_text(schema, "$ref", reference) != 0) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static cJSON *value_schema(const struct key *key)
{
    switch (key->type) {
    case VALUE_FLAG:
        return shape_literal("{\"type\":\"boolean\"}");
    case VALUE_WHOLE:
    case VALUE_FRACTION:
        return number_schema(key);
    case VALUE_TEXT:
        return shape_text_schema(key->form);
    case VALUE_CHOICE:
        return choice_schema(key->choices);
    case VALUE_DURATION:
        return text_schema("^" UNITS_DURATION_PATTERN "$");
    case VALUE_SIZE:
        return text_schema("^" UNITS_SIZE_PATTERN "$");
    case VALUE_RATE:
        return text_schema("^" UNITS_RATE_PATTERN "$");
    case VALUE_OBJECT:
        return shape_reference(key->shape->name);
    case VALUE_CUSTOM:
    default:
        return key->schema();
    }
}

static int describe_key(cJSON *properties, const struct key *key)
{
    cJSON *schema = value_schema(key);
    if (schema == NULL || put_text(schema, "description", key->help) != 0 ||
        (key->fallback != NULL &&
         shape_put(schema, "default", shape_literal(key->fallback)) != 0)) {
        cJSON_Delete(schema);
        return -1;
    }
    return shape_put(properties, key->name, schema);
}

static int add_name(cJSON *list, const char *name)
{
    cJSON *item = cJSON_CreateString(name);
    if (item == NULL || !cJSON_AddItemToArray(list, item)) {
        cJSON_Delete(item);
        return -1;
    }
    return 0;
}

static int describe_required(cJSON *schema, const struct shape *shape)
{
    cJSON *required = NULL;
    cJSON *dependent = NULL;
    for (size_t i = 0; i < shape->count; i++) {
        const struct key *key = &shape->keys[i];
        if (key->required) {
            required = required != NULL ? required : cJSON_AddArrayToObject(schema, "required");
            if (required == NULL || add_name(required, key->name) != 0) {
                return -1;
            }
        }
        if (key->needs != NULL) {
            dependent = dependent != NULL ? dependent
                                          : cJSON_AddObjectToObject(schema, "dependentRequired");
            cJSON *needs = dependent != NULL ? cJSON_AddArrayToObject(dependent, key->name) : NULL;
            if (needs == NULL || add_name(needs, key->needs) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* {"required": [a]}, or [a, b] */
static cJSON *requires(const char *a, const char *b)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON *names = schema != NULL ? cJSON_AddArrayToObject(schema, "required") : NULL;
    if (names == NULL || add_name(names, a) != 0 || (b != NULL && add_name(names, b) != 0)) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}

static int append(cJSON *list, cJSON *value)
{
    if (value == NULL || !cJSON_AddItemToArray(list, value)) {
        cJSON_Delete(value);
        return -1;
    }
    return 0;
}

/* Exactly one: oneOf of required; at most one: not anyOf of the pairs. */
static int describe_alternatives(cJSON *schema, const struct shape *shape)
{
    const char *const *names = shape->alternatives;
    if (*names == NULL) {
        return 0;
    }
    cJSON *parent = shape->one_required ? schema : cJSON_AddObjectToObject(schema, "not");
    cJSON *list = parent != NULL
                      ? cJSON_AddArrayToObject(parent, shape->one_required ? "oneOf" : "anyOf")
                      : NULL;
    if (list == NULL) {
        return -1;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        if (shape->one_required) {
            if (append(list, requires(names[i], NULL)) != 0) {
                return -1;
            }
            continue;
        }
        for (size_t j = i + 1; names[j] != NULL; j++) {
            if (append(list, requires(names[i], names[j])) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int describe_shape(cJSON *schema, const struct shape *shape)
{
    cJSON *properties = NULL;
    if (put_text(schema, "type", "object") != 0 ||
        put_text(schema, "description", shape->help) != 0 ||
        shape_put(schema, "additionalProperties", cJSON_CreateFalse()) != 0 ||
        (properties = cJSON_AddObjectToObject(schema, "properties")) == NULL) {
        return -1;
    }
    for (size_t i = 0; i < shape->count; i++) {
        if (describe_key(properties, &shape->keys[i]) != 0) {
            return -1;
        }
    }
    if (describe_required(schema, shape) != 0 || describe_alternatives(schema, shape) != 0) {
        return -1;
    }
    return shape->refine != NULL ? shape->refine(schema) : 0;
}

int shape_define(cJSON *definitions, const struct shape *shape)
{
    if (cJSON_GetObjectItemCaseSensitive(definitions, shape->name) != NULL) {
        return 0;
    }
    cJSON *schema = cJSON_AddObjectToObject(definitions, shape->name);
    if (schema == NULL || describe_shape(schema, shape) != 0) {
        return -1;
    }
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->keys[i].type == VALUE_OBJECT &&
            shape_define(definitions, shape->keys[i].shape) != 0) {
            return -1;
        }
    }
    return 0;
}

cJSON *scenario_schema(void)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON *definitions = NULL;
    bool ok = schema != NULL &&
              put_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema") == 0 &&
              put_text(schema, "title", "A scenario of eighth") == 0 &&
              put_text(schema, "$ref", "#/$defs/scenario") == 0 &&
              (definitions = cJSON_AddObjectToObject(schema, "$defs")) != NULL &&
              shape_define(definitions, &shape_scenario) == 0 &&
              shape_define(definitions, &shape_rate) == 0 &&
              shape_define(definitions, &shape_stage) == 0 &&
              shape_define(definitions, &shape_fault) == 0 && steps_define(definitions) == 0;
    if (!ok) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}
