/* SPDX-License-Identifier: MIT
 *
 * How figures of a comparison read.
 */
#include "harness/report/compare_forms.h"

#include "harness/judge/words.h"
#include "harness/report/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool has(const cJSON *object, const char *key)
{
    return cJSON_IsNumber(json_get(object, key));
}

static bool is_ratio(const cJSON *metric)
{
    return strcmp(json_get_text(metric, "measure"), "ratio") == 0;
}

static void add_bound(const cJSON *metric, const char *key, const char *none, struct buffer *text)
{
    if (!has(metric, key)) {
        buffer_puts(text, none);
    } else {
        buffer_printf(text, is_ratio(metric) ? "%.3f" : "%+.1f", json_get_number(metric, key));
    }
}

void compare_tell_interval(const cJSON *metric, struct buffer *text)
{
    if (!has(metric, "estimate")) {
        buffer_puts(text, "-");
        return;
    }
    add_bound(metric, "estimate", "-", text);
    buffer_puts(text, " [");
    add_bound(metric, "low", is_ratio(metric) ? "0" : "-inf", text);
    buffer_puts(text, ", ");
    add_bound(metric, "high", "inf", text);
    buffer_puts(text, "]");
}

void compare_tell_deviation(const cJSON *metric, struct buffer *text)
{
    double sd = json_get_number(metric, "sd");
    if (!has(metric, "sd")) {
        buffer_puts(text, "-");
    } else if (is_ratio(metric)) {
        buffer_printf(text, "%.1f %%", 100 * sd);
    } else {
        buffer_printf(text, "%.1f", sd);
    }
}

void compare_tell_value(const cJSON *metric, const char *side, struct buffer *text)
{
    const char *unit = json_get_text(metric, "unit");
    double value = json_get_number(metric, side);
    if (!has(metric, side)) {
        buffer_puts(text, "-");
    } else if (strcmp(unit, "bytes") == 0 && is_ratio(metric)) {
        words_size(text, (uint64_t)value);
    } else {
        buffer_printf(text, fabs(value) < 1000 ? "%.1f" : "%.0f", value);
        buffer_printf(text, "%s%s", unit[0] != '\0' ? " " : "", unit);
    }
}

void compare_tell_hits(const cJSON *finding, const char *side, struct buffer *text)
{
    const cJSON *rate = json_get(finding, side);
    buffer_printf(text, "%.0f/%.0f", json_get_number(rate, "k"), json_get_number(rate, "n"));
}

void compare_tell_name(const cJSON *scenario, struct buffer *text)
{
    const char *flavor = json_get_text(scenario, "flavor");
    buffer_puts(text, json_get_text(scenario, "name"));
    if (strcmp(flavor, "plain") != 0) {
        buffer_printf(text, ", %s", flavor);
    }
    if (json_get_text(scenario, "combination")[0] != '\0') {
        buffer_printf(text, ", with %s", json_get_text(scenario, "combination"));
    }
}

void compare_tell_power(const cJSON *scenario, struct buffer *text)
{
    const cJSON *metric;
    const char *separator = "; ";
    if (has(scenario, "detectable_rate")) {
        buffer_printf(text, "a new finding in %.3g %% of trials",
                      100 * json_get_number(scenario, "detectable_rate"));
    } else {
        buffer_puts(text, "no new finding at all: too few trials");
    }
    cJSON_ArrayForEach(metric, json_get(scenario, "metrics"))
    {
        if (has(metric, "detectable") && cJSON_IsTrue(json_get(metric, "core"))) {
            double effect = json_get_number(metric, "detectable");
            buffer_printf(text, "%s%s ", separator, json_get_text(metric, "name"));
            if (is_ratio(metric)) {
                buffer_printf(text, "%+.1f %%", 100 * (effect - 1));
            } else {
                buffer_printf(text, "%+.1f %s", effect, json_get_text(metric, "unit"));
            }
            separator = ", ";
        }
    }
}
