/* SPDX-License-Identifier: MIT
 *
 * Rates in sentences, for every form that a human reads.
 */
#include "harness/report/forms.h"

#include "harness/report/json.h"

#include <math.h>

/* Three digits that count, and never an exponent: "125000" rather than "1.25e+05". */
static void add_figure(struct buffer *text, double value)
{
    if (value < 1000) {
        buffer_printf(text, "%.3g", value);
        return;
    }
    double unit = pow(10, floor(log10(value)) - 2);
    buffer_printf(text, "%.0f", round(value / unit) * unit);
}

void form_rate(const cJSON *finding, struct buffer *text)
{
    const cJSON *rate = json_get(finding, "rate");
    const cJSON *cycles = json_get(finding, "per_million_cycles");
    const cJSON *median = json_get(json_get(finding, "cycles_to_first"), "median");
    buffer_printf(text, "in %.0f of %.0f trials (95 %%: %.3g %% to %.3g %%)",
                  json_get_number(rate, "k"), json_get_number(rate, "n"),
                  json_get_number(rate, "low") * 100, json_get_number(rate, "high") * 100);
    if (cJSON_IsObject(cycles)) {
        buffer_puts(text, ", ");
        add_figure(text, json_get_number(cycles, "rate"));
        buffer_puts(text, " per million cycles (");
        add_figure(text, json_get_number(cycles, "low"));
        buffer_puts(text, " to ");
        add_figure(text, json_get_number(cycles, "high"));
        buffer_puts(text, ")");
    }
    if (cJSON_IsNumber(median)) {
        buffer_printf(text, ", half of the trials by cycle %.0f", median->valuedouble);
    }
}

void form_certainty(const cJSON *scenario, struct buffer *text)
{
    const cJSON *rate = json_get(scenario, "failure_rate");
    double n = json_get_number(rate, "n");
    if (json_get_number(rate, "k") > 0 || n < 1) {
        return;
    }
    buffer_printf(text, "no failure seen in %.0f trial%s (at most %.2g %% of trials, 95 %%)", n,
                  n > 1 ? "s" : "", json_get_number(rate, "high") * 100);
}

void form_end(const cJSON *scenario, struct buffer *text)
{
    const char *rule = json_get_text(json_get(scenario, "stop"), "rule");
    double jobs = json_get_number(scenario, "jobs");
    if (rule[0] != '\0' && cJSON_IsNull(json_get(json_get(scenario, "trials"), "planned"))) {
        buffer_printf(text, "ended by: %s", json_get_text(json_get(scenario, "stop"), "text"));
    }
    if (jobs > 1) {
        buffer_printf(text, "%stiming under %.0f parallel trials", text->length > 0 ? "; " : "",
                      jobs);
    }
}

/* The findings of one story, in the order of the flavors. */
static int tell_story(const cJSON *report, double story, struct buffer *text)
{
    int told = 0;
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(report, "scenarios"))
    {
        const cJSON *finding;
        cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
        {
            double of = json_get_number(finding, "story");
            if (of > story - 0.5 && of < story + 0.5) {
                buffer_printf(text, "%s%s: %s", told++ == 0 ? "" : "; ",
                              json_get_text(scenario, "flavor"), json_get_text(finding, "title"));
            }
        }
    }
    return told;
}

bool form_story(const cJSON *report, int story, struct buffer *text)
{
    struct buffer words = BUFFER_INIT;
    int told = tell_story(report, story, &words);
    if (told > 0) {
        buffer_printf(text, "one story in %d findings: %s", told, buffer_text(&words));
    }
    buffer_clear(&words);
    return told > 0;
}
