/* SPDX-License-Identifier: MIT
 *
 * Reads an object by its table: unknown and missing keys, types, ranges, defaults.
 */
#include "harness/scenario/shape.h"

#include "harness/base/buffer.h"
#include "harness/scenario/overrides.h"
#include "harness/scenario/suggest.h"
#include "harness/scenario/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_TEXT 4096U /* of a text that a pattern must match */

const struct key *shape_key(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->keys[i].name, name) == 0) {
            return &shape->keys[i];
        }
    }
    return NULL;
}

int shape_copy(struct reading *reading, char **field, const char *text)
{
    free(*field);
    *field = strdup(text);
    return *field != NULL ? 0 : reading_no_memory(reading);
}

const char *shape_limit(char text[32], enum value_type type, double value)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } durations[] = {{"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
                     {"ms", 1000000},      {"us", 1000},       {"ns", 1}},
      sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};
    uint64_t whole = (uint64_t)value;
    bool is_size = type == VALUE_SIZE;
    size_t last = is_size ? 3 : 5;
    size_t i = 0;
    while (i < last && whole % (is_size ? sizes[i].factor : durations[i].factor) != 0) {
        i++;
    }
    i = whole == 0 ? (is_size ? 3 : 2) : i;
    (void)snprintf(text, 32, "%" PRIu64 "%s",
                   whole / (is_size ? sizes[i].factor : durations[i].factor),
                   is_size ? sizes[i].name : durations[i].name);
    return text;
}

/* ---- single values ---- */

static int wrong(struct reading *reading, const struct place *place, const char *expected,
                 const cJSON *value)
{
    char text[READING_QUOTE];
    return reading_fail(reading, place, "expected %s, got %s", expected,
                        reading_describe(text, value));
}

/* Whole numbers into a field of any width. The value fits: ranges in the tables see to it. */
static void store_whole(void *model, const struct key *key, uint64_t value)
{
    void *field = (char *)model + key->offset;
    uint8_t byte = (uint8_t)value;
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;
    switch (key->width) {
    case 1:
        memcpy(field, &byte, 1);
        break;
    case 2:
        memcpy(field, &half, 2);
        break;
    case 4:
        memcpy(field, &word, 4);
        break;
    default:
        memcpy(field, &value, 8);
        break;
    }
}

static int read_whole(struct reading *reading, const struct place *place, const struct key *key,
                      const cJSON *value, void *model)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    if (!(number >= key->minimum && number <= key->maximum) || floor(number) != number) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "a whole number from %.0f to %.0f", key->minimum,
                       key->maximum);
        return wrong(reading, place, expected, value);
    }
    store_whole(model, key, (uint64_t)number);
    return 0;
}

static int read_fraction(struct reading *reading, const struct place *place, const struct key *key,
                         const cJSON *value, void *model)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    if (!(number >= key->minimum && number <= key->maximum)) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "a number from %.15g to %.15g", key->minimum,
                       key->maximum);
        return wrong(reading, place, expected, value);
    }
    memcpy((char *)model + key->offset, &number, sizeof number);
    return 0;
}

static int read_text(struct reading *reading, const struct place *place, const struct key *key,
                     const cJSON *value, void *model)
{
    if (!cJSON_IsString(value)) {
        return wrong(reading, place, key->form->expected, value);
    }
    if (strlen(value->valuestring) > LONGEST_TEXT) {
        return reading_fail(reading, place, "this text is longer than %u bytes", LONGEST_TEXT);
    }
    if (!key->form->fits(value->valuestring)) {
        return wrong(reading, place, key->form->expected, value);
    }
    return shape_copy(reading, (char **)(void *)((char *)model + key->offset), value->valuestring);
}

static int read_choice(struct reading *reading, const struct place *place, const struct key *key,
                       const cJSON *value, void *model)
{
    struct suggestion suggestion;
    struct buffer names = {.ceiling = 400};
    suggest_begin(&suggestion, cJSON_IsString(value) ? value->valuestring : "");
    for (const struct choice *choice = key->choices; choice->name != NULL; choice++) {
        if (strcmp(suggestion.written, choice->name) == 0) {
            store_whole(model, key, (uint64_t)choice->value);
            buffer_clear(&names);
            return 0;
        }
        suggest_offer(&suggestion, choice->name);
        buffer_printf(&names, "%s\"%s\"", choice == key->choices ? "" : ", ", choice->name);
    }
    char text[READING_QUOTE];
    (void)reading_fail(
        reading, place, "expected one of %s, got %s%s%s%s", buffer_text(&names),
        reading_describe(text, value), suggestion.best != NULL ? "; did you mean \"" : "",
        suggestion.best != NULL ? suggestion.best : "", suggestion.best != NULL ? "\"?" : "");
    buffer_clear(&names);
    return -1;
}

static int read_unit(struct reading *reading, const struct place *place, const struct key *key,
                     const cJSON *value, void *model)
{
    bool duration = key->type == VALUE_DURATION;
    const char *example = duration ? "a duration such as \"250ms\"" : "a size such as \"64KiB\"";
    uint64_t number = 0;
    if (!cJSON_IsString(value) || (duration ? units_duration(value->valuestring, &number)
                                            : units_size(value->valuestring, &number)) != 0) {
        return wrong(reading, place, example, value);
    }
    if ((double)number < key->minimum || (double)number > key->maximum) {
        char low[32];
        char high[32];
        char expected[128];
        (void)snprintf(
            expected, sizeof expected, "%s from %s to %s", duration ? "a duration" : "a size",
            shape_limit(low, key->type, key->minimum), shape_limit(high, key->type, key->maximum));
        return wrong(reading, place, expected, value);
    }
    store_whole(model, key, number);
    return 0;
}

static int read_rate(struct reading *reading, const struct place *place, const struct key *key,
                     const cJSON *value, void *model)
{
    double rate = 0;
    if (!cJSON_IsString(value) || units_rate(value->valuestring, &rate) != 0) {
        return wrong(reading, place, "a rate such as \"200/s\" or \"3000/m\"", value);
    }
    if (!(rate >= key->minimum && rate <= key->maximum)) {
        char expected[96];
        (void)snprintf(expected, sizeof expected, "a rate from %g/h to %.0f/s", key->minimum * 3600,
                       key->maximum);
        return wrong(reading, place, expected, value);
    }
    memcpy((char *)model + key->offset, &rate, sizeof rate);
    return 0;
}

static int read_value(struct reading *reading, const struct place *place, const struct key *key,
                      cJSON *value, void *model)
{
    switch (key->type) {
    case VALUE_FLAG:
        if (!cJSON_IsBool(value)) {
            return wrong(reading, place, "true or false", value);
        }
        store_whole(model, key, (uint64_t)cJSON_IsTrue(value));
        return 0;
    case VALUE_WHOLE:
        return read_whole(reading, place, key, value, model);
    case VALUE_FRACTION:
        return read_fraction(reading, place, key, value, model);
    case VALUE_TEXT:
        return read_text(reading, place, key, value, model);
    case VALUE_CHOICE:
        return read_choice(reading, place, key, value, model);
    case VALUE_DURATION:
    case VALUE_SIZE:
        return read_unit(reading, place, key, value, model);
    case VALUE_RATE:
        return read_rate(reading, place, key, value, model);
    case VALUE_OBJECT:
        return shape_read(reading, place, value, key->shape, (char *)model + key->offset);
    case VALUE_CUSTOM:
    default:
        return key->read(reading, place, value, model);
    }
}

/* ---- objects ---- */

static int unknown_key(struct reading *reading, const struct place *place,
                       const struct shape *shape, const char *name)
{
    struct suggestion suggestion;
    suggest_begin(&suggestion, name);
    for (size_t i = 0; i < shape->count; i++) {
        suggest_offer(&suggestion, shape->keys[i].name);
    }
    char quoted[READING_QUOTE];
    const char *text = reading_quote(quoted, name);
    int length = (int)strlen(text) - 2;
    if (suggestion.best != NULL) {
        return reading_fail_key(reading, place, name, SYNTAX_KEY,
                                "unknown key `%.*s`; did you mean `%s`?", length, text + 1,
                                suggestion.best);
    }
    struct buffer names = {.ceiling = 400};
    for (size_t i = 0; i < shape->count; i++) {
        buffer_printf(&names, "%s`%s`", i == 0 ? "" : ", ", shape->keys[i].name);
    }
    (void)reading_fail_key(reading, place, name, SYNTAX_KEY, "unknown key `%.*s`; %s %s", length,
                           text + 1, shape->count == 0 ? "there are no keys here" : "known are",
                           buffer_text(&names));
    buffer_clear(&names);
    return -1;
}

static int check_names(struct reading *reading, const struct place *place, const cJSON *object,
                       const struct shape *shape)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        const struct key *key = shape_key(shape, item->string);
        if (key == NULL) {
            return unknown_key(reading, place, shape, item->string);
        }
        if (key->needs != NULL && cJSON_GetObjectItemCaseSensitive(object, key->needs) == NULL) {
            return reading_fail_key(reading, place, key->name, SYNTAX_KEY,
                                    "`%s` has a meaning only together with `%s`", key->name,
                                    key->needs);
        }
    }
    return 0;
}

static bool is_alternative(const struct shape *shape, const char *name)
{
    for (const char *const *at = shape->alternatives; *at != NULL; at++) {
        if (strcmp(*at, name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_alternatives(struct reading *reading, const struct place *place,
                              const cJSON *object, const struct shape *shape)
{
    const char *first = NULL;
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        if (!is_alternative(shape, item->string)) {
            continue;
        }
        if (first != NULL) {
            return reading_fail_key(reading, place, item->string, SYNTAX_KEY,
                                    "`%s` and `%s` exclude each other", first, item->string);
        }
        first = item->string;
    }
    if (first != NULL || !shape->one_required) {
        return 0;
    }
    struct buffer names = {.ceiling = 200};
    for (const char *const *at = shape->alternatives; *at != NULL; at++) {
        buffer_printf(&names, "%s`%s`", at == shape->alternatives ? "" : ", ", *at);
    }
    (void)reading_fail(reading, place, "one of %s is missing", buffer_text(&names));
    buffer_clear(&names);
    return -1;
}

cJSON *shape_literal(const char *json)
{
    return cJSON_Parse(json);
}

/* The value of a key: as written, or its default, which is then added to the object; NULL in *value
 * if there is neither. */
static int value_of(struct reading *reading, const struct place *place, cJSON *object,
                    const struct key *key, const void *model, cJSON **value)
{
    *value = cJSON_GetObjectItemCaseSensitive(object, key->name);
    if (*value != NULL) {
        return 0;
    }
    if (key->required) {
        return reading_fail(reading, place, "the key `%s` is missing", key->name);
    }
    bool applies =
        key->fallback != NULL &&
        (key->unless == NULL || cJSON_GetObjectItemCaseSensitive(object, key->unless) == NULL) &&
        (key->needs == NULL || cJSON_GetObjectItemCaseSensitive(object, key->needs) != NULL);
    if (!applies) {
        return 0;
    }
    const char *chosen = key->choose != NULL ? key->choose(model) : NULL;
    *value = shape_literal(chosen != NULL ? chosen : key->fallback);
    if (*value == NULL) {
        return reading_no_memory(reading);
    }
    if (!cJSON_AddItemToObject(object, key->name, *value)) {
        cJSON_Delete(*value);
        return reading_no_memory(reading);
    }
    return 0;
}

/* "client.tls.max=1.2" on the command line looks like a number but is meant as a text: what an
 * override gives for a key that takes texts only is read as one. */
static int take_as_text(struct reading *reading, const struct place *place, cJSON *object,
                        const struct key *key, cJSON **value)
{
    bool is_text = key->type == VALUE_TEXT || key->type == VALUE_CHOICE ||
                   key->type == VALUE_DURATION || key->type == VALUE_SIZE ||
                   key->type == VALUE_RATE;
    if (!is_text || cJSON_IsString(*value) || cJSON_IsObject(*value) || cJSON_IsArray(*value)) {
        return 0;
    }
    const struct override *override = reading_override_of(reading, place);
    if (override == NULL) {
        return 0;
    }
    cJSON *text = cJSON_CreateString(overrides_value(override));
    if (text == NULL || !cJSON_ReplaceItemInObjectCaseSensitive(object, key->name, text)) {
        cJSON_Delete(text);
        return reading_no_memory(reading);
    }
    *value = text;
    return text->string != NULL ? 0 : reading_no_memory(reading);
}

int shape_read(struct reading *reading, const struct place *place, cJSON *object,
               const struct shape *shape, void *model)
{
    if (!cJSON_IsObject(object)) {
        return wrong(reading, place, "an object", object);
    }
    if (check_names(reading, place, object, shape) != 0 ||
        check_alternatives(reading, place, object, shape) != 0) {
        return -1;
    }
    if (shape->init != NULL) {
        shape->init(model);
    }
    for (size_t i = 0; i < shape->count; i++) {
        const struct key *key = &shape->keys[i];
        struct place inside = {place, key->name, 0};
        cJSON *value;
        if (value_of(reading, place, object, key, model, &value) != 0 ||
            (value != NULL && take_as_text(reading, &inside, object, key, &value) != 0) ||
            (value != NULL && read_value(reading, &inside, key, value, model) != 0)) {
            return -1;
        }
    }
    return shape->check != NULL ? shape->check(reading, place, object, model) : 0;
}
