/* SPDX-License-Identifier: MIT
 *
 * Matches a JSON object with a table of options.
 */
#include "client/adapters/base/options.h"

#include "client/adapters/base/error.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* Adds to a list of names while there is room. */
static void list_name(char *text, size_t capacity, const char *name)
{
    size_t used = strlen(text);
    (void)snprintf(text + used, capacity - used, "%s%s", used > 0 ? ", " : "", name);
}

static int refuse_value(const struct option *option, struct eighth_error *error)
{
    char words[100] = "";
    for (size_t i = 0; option->words != NULL && option->words[i] != NULL; i++) {
        list_name(words, sizeof words, option->words[i]);
    }
    return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                     "option \"%.40s\" must be %s%s", option->name,
                     option->words == NULL ? "true or false"
                     : option->list        ? "a list of: "
                                           : "one of: ",
                     words);
}

static int refuse_name(const char *name, const struct option *options, size_t count,
                       struct eighth_error *error)
{
    char names[100] = "";
    for (size_t i = 0; i < count; i++) {
        list_name(names, sizeof names, options[i].name);
    }
    if (count == 0) {
        return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                         "unknown option \"%.60s\": this client has none", name);
    }
    return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                     "unknown option \"%.60s\": there are %s", name, names);
}

/* The word's index, or -1. */
static int word_of(const struct option *option, const cJSON *value)
{
    for (int i = 0; cJSON_IsString(value) && option->words[i] != NULL; i++) {
        if (strcmp(value->valuestring, option->words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static int take_list(const struct option *option, const cJSON *value, struct eighth_error *error)
{
    const cJSON *item;
    unsigned bits = 0;
    if (!cJSON_IsArray(value)) {
        return refuse_value(option, error);
    }
    cJSON_ArrayForEach(item, value)
    {
        int word = word_of(option, item);
        if (word < 0) {
            return refuse_value(option, error);
        }
        bits |= 1U << word;
    }
    *option->value = bits;
    return 0;
}

static int take(const struct option *option, const cJSON *value, struct eighth_error *error)
{
    if (option->list) {
        return take_list(option, value, error);
    }
    int word = option->words != NULL ? word_of(option, value) : cJSON_IsTrue(value);
    if (word < 0 || (option->words == NULL && !cJSON_IsBool(value))) {
        return refuse_value(option, error);
    }
    *option->value = (unsigned)word;
    return 0;
}

static int take_named(const cJSON *value, const struct option *options, size_t count,
                      struct eighth_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value->string, options[i].name) == 0) {
            return take(&options[i], value, error);
        }
    }
    return refuse_name(value->string, options, count, error);
}

int options_read(const char *text, const struct option *options, size_t count,
                 struct eighth_error *error)
{
    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    cJSON *object = cJSON_ParseWithOpts(text, NULL, 1);
    int result = 0;
    if (!cJSON_IsObject(object)) {
        result = error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                           "the options are not a JSON object");
    }
    for (const cJSON *value = result == 0 ? object->child : NULL; value != NULL && result == 0;
         value = value->next) {
        result = take_named(value, options, count, error);
    }
    cJSON_Delete(object);
    return result;
}
