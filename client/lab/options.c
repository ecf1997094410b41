/* SPDX-License-Identifier: MIT
 *
 * Decides which options are the lab's and which the clean client's.
 */
#include "client/lab/options.h"

#include "client/h2/error.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static int refuse(struct eighth_error *error, const char *name, const char *why)
{
    return h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0, "option \"%s\" %s", name,
                        why);
}

/* The index of the word, or -1. */
static int word_index(const char *const *words, const cJSON *value)
{
    for (int i = 0; cJSON_IsString(value) && words[i] != NULL; i++) {
        if (strcmp(words[i], value->valuestring) == 0) {
            return i;
        }
    }
    return -1;
}

static int store(const struct lab_option *option, const cJSON *value, struct eighth_error *error)
{
    if (option->words != NULL) {
        int index = word_index(option->words, value);
        if (index < 0) {
            return refuse(error, option->name, "has no such word");
        }
        *option->value = index;
        return 0;
    }
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= option->low) ||
        !(value->valuedouble <= option->high) || floor(value->valuedouble) != value->valuedouble) {
        return h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                            "option \"%s\" must be a whole number from %d to %d", option->name,
                            option->low, option->high);
    }
    *option->value = (int)value->valuedouble;
    return 0;
}

/* Takes the defect's options out of the object. */
static int take_own(const struct lab_defect *defect, cJSON *object, struct eighth_error *error)
{
    for (const struct lab_option *option = defect->options; option != NULL && option->name != NULL;
         option++) {
        *option->value = option->initial;
        cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(object, option->name);
        if (value != NULL) {
            int result = store(option, value, error);
            cJSON_Delete(value);
            if (result != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int take_defect(struct lab_options *options, cJSON *object, struct eighth_error *error)
{
    cJSON *name = cJSON_DetachItemFromObjectCaseSensitive(object, "defect");
    cJSON *fixed = cJSON_DetachItemFromObjectCaseSensitive(object, "fixed");
    int result = 0;
    if (fixed != NULL && !cJSON_IsBool(fixed)) {
        result = refuse(error, "fixed", "must be true or false");
    } else if (name != NULL) {
        const char *text = cJSON_IsString(name) ? name->valuestring : "";
        const struct lab_defect *defect = lab_defect_named(text);
        result = defect != NULL
                     ? take_own(defect, object, error)
                     : refuse(error, "defect", "names none that there is (docs/lab.md has all)");
        options->defect = cJSON_IsTrue(fixed) ? NULL : defect;
    }
    cJSON_Delete(name);
    cJSON_Delete(fixed);
    return result;
}

int lab_options_parse(struct lab_options *options, const char *text, struct eighth_error *error)
{
    *options = (struct lab_options){0};
    cJSON *object = cJSON_Parse(text == NULL || text[0] == '\0' ? "{}" : text);
    int result = -1;
    if (cJSON_IsObject(object)) {
        result = take_defect(options, object, error);
    } else {
        (void)h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                           "the options are not a JSON object");
    }
    if (result == 0) {
        options->rest = cJSON_PrintUnformatted(object);
        if (options->rest == NULL) {
            result = h2_error_memory(error, EIGHTH_PHASE_NONE);
        }
    }
    cJSON_Delete(object);
    return result;
}
