/* SPDX-License-Identifier: MIT
 *
 * What a human reads at the end of a run, or of `eighth show`.
 */
#include "harness/report/forms.h"

#include "harness/judge/words.h"
#include "harness/report/json.h"

#include <stdio.h>
#include <string.h>

static int widest_name(const cJSON *scenarios)
{
    size_t width = strlen("scenario");
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, scenarios)
    {
        size_t length = strlen(json_get_text(scenario, "name"));
        width = length > width ? length : width;
    }
    return width < 60 ? (int)width : 60;
}

static void add_row(const cJSON *scenario, int width, struct buffer *text)
{
    const cJSON *trials = json_get(scenario, "trials");
    const cJSON *cycles = json_get(scenario, "cycles");
    const cJSON *tls = json_get(json_get(scenario, "latency_us"), "tls");
    const cJSON *rate = json_get(scenario, "cycles_per_second");
    char trial_text[48];
    char cycle_text[64];
    char rate_text[32] = "-";
    char tls_text[32] = "-";
    (void)snprintf(trial_text, sizeof trial_text, "%.0f/%.0f", json_get_number(trials, "clean"),
                   json_get_number(trials, "run"));
    (void)snprintf(cycle_text, sizeof cycle_text, "%.0f/%.0f", json_get_number(cycles, "completed"),
                   json_get_number(cycles, "started"));
    if (cJSON_IsNumber(rate)) {
        (void)snprintf(rate_text, sizeof rate_text, "%.0f", rate->valuedouble);
    }
    if (json_get_number(tls, "count") > 0) {
        (void)snprintf(tls_text, sizeof tls_text, "%.2f", json_get_number(tls, "p99") / 1000);
    }
    buffer_printf(text, "%-*s  %-6s  %-12s  %9s  %15s  %9s  %12s  %8d\n", width,
                  json_get_text(scenario, "name"), json_get_text(scenario, "flavor"),
                  json_get_text(scenario, "verdict"), trial_text, cycle_text, rate_text, tls_text,
                  cJSON_GetArraySize(json_get(scenario, "findings")));
    const char *combination = json_get_text(scenario, "combination");
    if (combination[0] != '\0') {
        buffer_printf(text, "%-*s    with %s\n", width, "", combination);
    }
}

static void add_table(const cJSON *scenarios, struct buffer *text)
{
    int width = widest_name(scenarios);
    const cJSON *scenario;
    buffer_printf(text, "%-*s  %-6s  %-12s  %9s  %15s  %9s  %12s  %8s\n", width, "scenario",
                  "flavor", "verdict", "trials ok", "cycles ok", "cycles/s", "TLS p99 [ms]",
                  "findings");
    cJSON_ArrayForEach(scenario, scenarios)
    {
        add_row(scenario, width, text);
    }
}

static void add_findings(const cJSON *scenarios, enum form_depth depth, struct buffer *text)
{
    int number = 0;
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, scenarios)
    {
        const cJSON *finding;
        cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
        {
            if (number == 0) {
                buffer_puts(text, "\nfindings:\n");
            }
            form_finding(scenario, finding, ++number, depth, text);
        }
    }
}

static void add_latencies(const cJSON *scenario, struct buffer *text)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, json_get(scenario, "latency_us"))
    {
        if (json_get_number(one, "count") > 0 && one->string != NULL) {
            buffer_printf(text,
                          "  %-10s p50 %10.1f us  p90 %10.1f us  p99 %10.1f us  p99.9 %10.1f us  "
                          "max %10.1f us  (%.0f)\n",
                          one->string, json_get_number(one, "p50"), json_get_number(one, "p90"),
                          json_get_number(one, "p99"), json_get_number(one, "p99.9"),
                          json_get_number(one, "max"), json_get_number(one, "count"));
        }
    }
}

static void add_side(const cJSON *scenario, const char *who, struct buffer *text)
{
    const cJSON *side = json_get(json_get(scenario, "handshakes"), who);
    if (side != NULL && !cJSON_IsNull(side)) {
        buffer_printf(text, "  handshakes seen by the %s: %.0f full, %.0f resumed, %.0f failed\n",
                      who, json_get_number(side, "full"), json_get_number(side, "resumed"),
                      json_get_number(side, "failed"));
    }
}

static void add_interposed(const cJSON *scenario, struct buffer *text)
{
    const cJSON *names = json_get(scenario, "interposed");
    const cJSON *name;
    buffer_puts(text, "  interposed functions:");
    cJSON_ArrayForEach(name, names)
    {
        buffer_printf(text, " %s", cJSON_IsString(name) ? name->valuestring : "");
    }
    buffer_puts(text, cJSON_GetArraySize(names) == 0 ? " none\n" : "\n");
}

static void add_scenario_details(const cJSON *scenario, struct buffer *text)
{
    const cJSON *client = json_get(scenario, "client");
    struct buffer rss = BUFFER_INIT;
    words_size(&rss, (uint64_t)json_get_number(scenario, "peak_rss_bytes"));
    buffer_printf(text, "\n%s: client %s %s, build-id %s\n", json_get_text(scenario, "name"),
                  json_get_text(client, "name"), json_get_text(client, "version"),
                  json_get_text(client, "build_id"));
    add_side(scenario, "client", text);
    add_side(scenario, "target", text);
    buffer_printf(text, "  CPU per cycle %.1f us, peak memory %s\n",
                  json_get_number(scenario, "client_cpu_us_per_cycle"), buffer_text(&rss));
    buffer_clear(&rss);
    if (cJSON_IsArray(json_get(scenario, "interposed"))) {
        add_interposed(scenario, text); /* not in reports of earlier versions */
    }
    add_latencies(scenario, text);
    const cJSON *expected;
    cJSON_ArrayForEach(expected, json_get(scenario, "expected_failures"))
    {
        buffer_printf(text, "  explained by the fault %s: %.0f x %s in phase %s\n",
                      json_get_text(expected, "fault"), json_get_number(expected, "count"),
                      json_get_text(expected, "class"), json_get_text(expected, "phase"));
    }
}

static void add_line(const cJSON *scenario,
                     void (*sentence)(const cJSON *scenario, struct buffer *text),
                     struct buffer *text)
{
    struct buffer words = BUFFER_INIT;
    sentence(scenario, &words);
    if (words.length > 0) {
        buffer_printf(text, "  %s: %s\n", json_get_text(scenario, "name"), buffer_text(&words));
    }
    buffer_clear(&words);
}

static void add_remarks(const cJSON *scenarios, bool details, struct buffer *text)
{
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, scenarios)
    {
        const char *reason = json_get_text(scenario, "reason");
        if (reason[0] != '\0') {
            buffer_printf(text, "\n%s: %s: %s\n", json_get_text(scenario, "name"),
                          json_get_text(scenario, "verdict"), reason);
        }
        if (details) {
            add_scenario_details(scenario, text);
        }
        add_line(scenario, form_certainty, text);
        add_line(scenario, form_end, text);
        const cJSON *note;
        cJSON_ArrayForEach(note, json_get(scenario, "notes"))
        {
            if (cJSON_IsString(note)) {
                buffer_printf(text, "  note (%s): %s\n", json_get_text(scenario, "name"),
                              note->valuestring);
            }
        }
    }
}

static void add_stories(const cJSON *report, struct buffer *text)
{
    for (int story = 1; story <= FORM_STORIES; story++) {
        struct buffer words = BUFFER_INIT;
        if (form_story(report, story, &words)) {
            buffer_printf(text, "\n  %s\n", buffer_text(&words));
        }
        buffer_clear(&words);
    }
}

static bool has_findings(const cJSON *scenarios)
{
    bool some = false;
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, scenarios)
    {
        some = some || cJSON_GetArraySize(json_get(scenario, "findings")) > 0;
    }
    return some;
}

void form_terminal(const cJSON *report, enum form_depth depth, struct buffer *text)
{
    const cJSON *scenarios = json_get(report, "scenarios");
    const char *directory = json_get_text(report, "directory");
    add_table(scenarios, text);
    add_findings(scenarios, depth, text);
    add_stories(report, text);
    if (depth != FORM_BRIEF && has_findings(scenarios) && directory[0] != '\0') {
        buffer_printf(text, "\n  the commands run in %s; `eighth replay` runs them there\n",
                      directory);
    }
    add_remarks(scenarios, depth == FORM_VERBOSE, text);
    buffer_printf(text, "\nverdict: %s", json_get_text(report, "verdict"));
    if (cJSON_IsTrue(json_get(report, "partial"))) {
        const char *why = json_get_text(report, "stopped");
        buffer_printf(text, " (partial%s%s)", why[0] != '\0' ? ": " : "", why);
    }
    buffer_printf(text, ", %.1f s, seed %.0f\n", json_get_number(report, "seconds"),
                  json_get_number(report, "seed"));
}
