/* SPDX-License-Identifier: MIT
 *
 * Decides which options there are, their defaults and their ranges.
 */
#include "client/h2/options.h"

#include "client/h2/error.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static const struct h2_options defaults = {
    .cache = H2_CACHE_INSTANCE,
    .capacity = 1024,
    .context_of_instance = false,
    .max_response = 16U << 20,
    .window = 1U << 20,
    .max_header_bytes = 64U << 10,
};

static int unfit(struct eighth_error *error, const char *key, const char *wanted)
{
    return h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0, "option \"%s\" must be %s",
                        key, wanted);
}

static int take_cache(struct h2_options *options, const cJSON *value, struct eighth_error *error)
{
    static const char *const names[] = {[H2_CACHE_INSTANCE] = "instance",
                                        [H2_CACHE_SHARED_LOCKED] = "shared-locked",
                                        [H2_CACHE_NONE] = "none"};
    for (int i = 0; cJSON_IsString(value) && i < 3; i++) {
        if (strcmp(value->valuestring, names[i]) == 0) {
            options->cache = (enum h2_cache_setting)i;
            return 0;
        }
    }
    return unfit(error, "cache", "\"instance\", \"shared-locked\" or \"none\"");
}

/* Whether something belongs to each instance ("instance") or to all of them (the other word). */
static int take_owner(bool *of_instance, const cJSON *value, const char *all, const char *wanted,
                      struct eighth_error *error)
{
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    *of_instance = strcmp(text, "instance") == 0;
    return *of_instance || strcmp(text, all) == 0 ? 0 : unfit(error, value->string, wanted);
}

#define NO_NUMBER UINT64_MAX

/* A whole number from low to high, or NO_NUMBER. */
static uint64_t whole_number(const cJSON *value, uint64_t low, uint64_t high)
{
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= (double)low) ||
        !(value->valuedouble <= (double)high) || floor(value->valuedouble) != value->valuedouble) {
        return NO_NUMBER;
    }
    return (uint64_t)value->valuedouble;
}

static const struct number_option {
    const char *key;
    uint64_t low;
    uint64_t high;
    const char *wanted;
} number_options[] = {
    {"capacity", 1, 1U << 24, "a whole number from 1 to 16777216"},
    {"max_response", 0, UINT64_C(1) << 50, "a number of bytes up to 1125899906842624"},
    {"window", 65535, 2147483647, "a number of bytes from 65535 to 2147483647"},
    {"max_header_bytes", 256, 1U << 24, "a number of bytes from 256 to 16777216"},
};

static void store_number(struct h2_options *options, size_t index, uint64_t number)
{
    switch (index) {
    case 0:
        options->capacity = (size_t)number;
        break;
    case 1:
        options->max_response = number;
        break;
    case 2:
        options->window = (uint32_t)number;
        break;
    default:
        options->max_header_bytes = (uint32_t)number;
        break;
    }
}

static int take_number(struct h2_options *options, const char *key, const cJSON *value,
                       struct eighth_error *error)
{
    for (size_t i = 0; i < sizeof(number_options) / sizeof(number_options[0]); i++) {
        const struct number_option *option = &number_options[i];
        if (strcmp(key, option->key) == 0) {
            uint64_t number = whole_number(value, option->low, option->high);
            if (number == NO_NUMBER) {
                return unfit(error, key, option->wanted);
            }
            store_number(options, i, number);
            return 0;
        }
    }
    return h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                        "unknown option \"%.64s\": this client knows cache, capacity, ssl_ctx, "
                        "statistics, max_response, window, max_header_bytes",
                        key);
}

static int take_option(struct h2_options *options, const cJSON *value, struct eighth_error *error)
{
    if (strcmp(value->string, "cache") == 0) {
        return take_cache(options, value, error);
    }
    if (strcmp(value->string, "ssl_ctx") == 0) {
        return take_owner(&options->context_of_instance, value, "shared",
                          "\"shared\" or \"instance\"", error);
    }
    if (strcmp(value->string, "statistics") == 0) {
        return take_owner(&options->counters_of_instance, value, "process",
                          "\"process\" or \"instance\"", error);
    }
    return take_number(options, value->string, value, error);
}

int h2_options_parse(struct h2_options *options, const char *text, struct eighth_error *error)
{
    *options = defaults;
    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    cJSON *object = cJSON_ParseWithOpts(text, NULL, 1);
    int result = 0;
    if (!cJSON_IsObject(object)) {
        result = h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                              "the options are not a JSON object");
    } else {
        const cJSON *value;
        cJSON_ArrayForEach(value, object)
        {
            result = take_option(options, value, error);
            if (result != 0) {
                break;
            }
        }
    }
    cJSON_Delete(object);
    return result;
}
