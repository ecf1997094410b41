/* SPDX-License-Identifier: MIT
 *
 * Reads a scenario's `thresholds`: which metric, compared how, with what.
 */
#include "harness/base/buffer.h"
#include "harness/scenario/metrics.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"
#include "harness/scenario/units.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    enum comparison comparison;
} comparisons[] = {
    /* Longer ones first: "<=" begins with "<". */
    {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL}, {"==", EQUAL},
    {"!=", NOT_EQUAL},  {"<", LESS},           {">", GREATER},
};

static const struct {
    const char *example;
    const char *pattern;
} units[] = {
    [METRIC_NS] = {"< 200ms", UNITS_DURATION_PATTERN},
    [METRIC_BYTES] = {"< 40KiB", UNITS_SIZE_PATTERN},
    [METRIC_RATIO] = {"<= 0.1%", UNITS_RATIO_PATTERN},
    [METRIC_COUNT] = {"== 0", UNITS_NUMBER_PATTERN},
    [METRIC_PER_SECOND] = {"> 100/s", UNITS_RATE_PATTERN},
};

static int read_limit(enum metric_unit unit, const char *text, double *value)
{
    uint64_t whole = 0;
    int status = -1;
    if (strcmp(text, "0") == 0) {
        *value = 0;
        return 0;
    }
    switch (unit) {
    case METRIC_NS:
        status = units_duration(text, &whole);
        *value = (double)whole;
        return status;
    case METRIC_BYTES:
        status = units_size(text, &whole);
        *value = (double)whole;
        return status;
    case METRIC_RATIO:
        return units_ratio(text, value) == 0 && *value <= 1 ? 0 : -1;
    case METRIC_COUNT:
        return units_number(text, value);
    case METRIC_PER_SECOND:
    default:
        return units_rate(text, value);
    }
}

/* "< 200ms" for the metric: 0, or -1 if it is not of that form. */
static int parse_threshold(const struct metric *metric, const char *text,
                           struct threshold *threshold)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        size_t length = strlen(comparisons[i].text);
        if (strncmp(text, comparisons[i].text, length) == 0) {
            threshold->comparison = comparisons[i].comparison;
            text += length;
            text += strspn(text, " ");
            return read_limit(metric->unit, text, &threshold->value);
        }
    }
    return -1;
}

static int unknown_metric(struct reading *reading, const struct place *place, const char *name)
{
    struct suggestion suggestion;
    char quoted[READING_QUOTE];
    suggest_begin(&suggestion, name);
    for (size_t i = 0; i < threshold_metric_count; i++) {
        suggest_offer(&suggestion, threshold_metrics[i].name);
    }
    const char *text = reading_quote(quoted, name);
    int length = (int)strlen(text) - 2;
    if (suggestion.best != NULL) {
        return reading_fail_key(reading, place, name, SYNTAX_KEY,
                                "unknown metric `%.*s`; did you mean `%s`?", length, text + 1,
                                suggestion.best);
    }
    return reading_fail_key(reading, place, name, SYNTAX_KEY,
                            "unknown metric `%.*s`; metrics are such as `tls.p99`, `request.max`, "
                            "`errors.rate`, `memory.peak`",
                            length, text + 1);
}

static int read_threshold(struct reading *reading, const struct place *place, const cJSON *value,
                          struct threshold *threshold)
{
    const struct metric *metric = metric_named(place->key);
    if (metric == NULL) {
        return unknown_metric(reading, place->parent, place->key);
    }
    if (!cJSON_IsString(value) || parse_threshold(metric, value->valuestring, threshold) != 0) {
        char text[READING_QUOTE];
        return reading_fail(reading, place, "`%s` is a %s: expected a limit such as \"%s\", got %s",
                            metric->name, metric_unit_name(metric->unit),
                            units[metric->unit].example, reading_describe(text, value));
    }
    if (shape_copy(reading, &threshold->metric, metric->name) != 0) {
        return -1;
    }
    return shape_copy(reading, &threshold->text, value->valuestring);
}

int thresholds_read(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct scenario *scenario = model;
    char text[READING_QUOTE];
    if (!cJSON_IsObject(value)) {
        return reading_fail(reading, place, "expected an object of metrics and limits, got %s",
                            reading_describe(text, value));
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    scenario->thresholds = calloc(count + 1, sizeof *scenario->thresholds);
    if (scenario->thresholds == NULL) {
        return reading_no_memory(reading);
    }
    for (const cJSON *item = value->child; item != NULL; item = item->next) {
        struct place inside = {place, item->string, 0};
        struct threshold *threshold = &scenario->thresholds[scenario->threshold_count++];
        if (read_threshold(reading, &inside, item, threshold) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_threshold_schema(cJSON *properties, const struct metric *metric)
{
    struct buffer pattern = {.ceiling = 400};
    buffer_printf(&pattern, "^([<>]=?|[!=]=) *(0|%s)$", units[metric->unit].pattern);
    cJSON *schema = cJSON_AddObjectToObject(properties, metric->name);
    bool ok = schema != NULL && cJSON_AddStringToObject(schema, "type", "string") != NULL &&
              cJSON_AddStringToObject(schema, "pattern", buffer_text(&pattern)) != NULL &&
              cJSON_AddStringToObject(schema, "description", metric->help) != NULL;
    buffer_clear(&pattern);
    return ok ? 0 : -1;
}

cJSON *thresholds_schema(void)
{
    cJSON *schema = shape_literal("{\"type\":\"object\",\"additionalProperties\":false}");
    cJSON *properties = schema != NULL ? cJSON_AddObjectToObject(schema, "properties") : NULL;
    bool ok = properties != NULL;
    for (size_t i = 0; ok && i < threshold_metric_count; i++) {
        ok = add_threshold_schema(properties, &threshold_metrics[i]) == 0;
    }
    if (!ok) {
        cJSON_Delete(schema);
        return NULL;
    }
    return schema;
}
