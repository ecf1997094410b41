/* SPDX-License-Identifier: MIT
 *
 * What a human reads at the end of a comparison.
 */
#include "harness/report/compare_forms.h"

#include "harness/report/json.h"
#include "harness/scenario/verbatim.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_WIDTH 56

static bool is_verdict(const cJSON *item, const char *verdict)
{
    return strcmp(json_get_text(item, "verdict"), verdict) == 0;
}

static void add_sides(const cJSON *scenario, struct buffer *text)
{
    static const char *const sides[] = {"baseline", "candidate"};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *side = json_get(scenario, sides[i]);
        char *options = verbatim_line(json_get_text(side, "options"));
        buffer_printf(text, "  %-10s%s", sides[i], json_get_text(side, "client"));
        if (options != NULL && options[0] != '\0' && strcmp(options, "{}") != 0) {
            buffer_printf(text, " %.200s", options);
        }
        free(options);
        buffer_printf(text, ", build-id %.12s, %.0f trials",
                      json_get_text(side, "build_id")[0] != '\0' ? json_get_text(side, "build_id")
                                                                 : "none",
                      json_get_number(side, "trials"));
        if (json_get_number(side, "infra") > 0) {
            buffer_printf(text, " and %.0f that the machine spoilt",
                          json_get_number(side, "infra"));
        }
        buffer_puts(text, "\n");
    }
}

static void add_title(const char *title, struct buffer *text)
{
    size_t length = strlen(title);
    if (length <= TITLE_WIDTH) {
        buffer_printf(text, "%-*s", TITLE_WIDTH, title);
        return;
    }
    size_t cut = TITLE_WIDTH - 3;
    while (cut > 0 && ((unsigned char)title[cut] & 0xc0) == 0x80) {
        cut--; /* not within a character */
    }
    buffer_add(text, title, cut);
    buffer_puts(text, "...");
}

static void add_rate(const cJSON *rate, struct buffer *text)
{
    buffer_printf(text, "%.2g %% to %.3g %%", 100 * json_get_number(rate, "low"),
                  100 * json_get_number(rate, "high"));
}

static void add_finding(const cJSON *finding, struct buffer *text)
{
    struct buffer a = BUFFER_INIT;
    struct buffer b = BUFFER_INIT;
    const cJSON *difference = json_get(finding, "difference");
    const cJSON *replay = json_get(finding, "replay");
    compare_tell_hits(finding, "baseline", &a);
    compare_tell_hits(finding, "candidate", &b);
    buffer_printf(text, "  %-10s", json_get_text(finding, "status"));
    add_title(json_get_text(finding, "title"), text);
    buffer_printf(text, "  %9s  %9s  [%+.3f, %+.3f]  p %.2g  %s\n", buffer_text(&a),
                  buffer_text(&b), json_get_number(difference, "low"),
                  json_get_number(difference, "high"), json_get_number(finding, "p_worse_adjusted"),
                  json_get_text(finding, "verdict"));
    buffer_puts(text, "            of trials (95 %): baseline ");
    add_rate(json_get(finding, "baseline"), text);
    buffer_puts(text, ", candidate ");
    add_rate(json_get(finding, "candidate"), text);
    buffer_puts(text, "\n");
    if (cJSON_IsObject(replay)) {
        buffer_printf(
            text, "            replayed with its seed: %.0f of %.0f, baseline %.0f of %.0f\n",
            json_get_number(replay, "candidate_shown"), json_get_number(replay, "candidate_run"),
            json_get_number(replay, "baseline_shown"), json_get_number(replay, "baseline_run"));
        if (json_get_number(replay, "baseline_fresh_run") > 0) {
            buffer_printf(text, "            further trials of the baseline: %.0f of %.0f\n",
                          json_get_number(replay, "baseline_fresh_shown"),
                          json_get_number(replay, "baseline_fresh_run"));
        }
    }
    if (json_get_text(finding, "note")[0] != '\0') {
        buffer_printf(text, "            %s\n", json_get_text(finding, "note"));
    }
    if ((is_verdict(finding, "regression") || is_verdict(finding, "inconclusive")) &&
        json_get_text(finding, "reproduce")[0] != '\0') {
        buffer_printf(text, "            reproduce: %s\n", json_get_text(finding, "reproduce"));
    }
    buffer_clear(&a);
    buffer_clear(&b);
}

static void add_metric(const cJSON *metric, struct buffer *text)
{
    struct buffer a = BUFFER_INIT;
    struct buffer b = BUFFER_INIT;
    struct buffer interval = BUFFER_INIT;
    bool undecided = is_verdict(metric, "inconclusive");
    compare_tell_value(metric, "baseline", &a);
    compare_tell_value(metric, "candidate", &b);
    compare_tell_interval(metric, &interval);
    struct buffer sd = BUFFER_INIT;
    compare_tell_deviation(metric, &sd);
    buffer_printf(text, "  %-22s  %12s  %12s  %1s %-24s  %8s  %s", json_get_text(metric, "name"),
                  buffer_text(&a), buffer_text(&b), undecided ? "~" : "", buffer_text(&interval),
                  buffer_text(&sd), json_get_text(metric, "verdict"));
    buffer_clear(&sd);
    if (json_get_text(metric, "note")[0] != '\0') {
        buffer_printf(text, " (%s)", json_get_text(metric, "note"));
    } else if (!cJSON_IsTrue(json_get(metric, "may_fail"))) {
        buffer_puts(text, " (not in --fail-on)");
    }
    buffer_puts(text, "\n");
    buffer_clear(&a);
    buffer_clear(&b);
    buffer_clear(&interval);
}

static void add_findings(const cJSON *scenario, struct buffer *text)
{
    const cJSON *findings = json_get(scenario, "findings");
    const cJSON *finding;
    if (cJSON_GetArraySize(findings) == 0) {
        const cJSON *side = json_get(scenario, "candidate");
        buffer_printf(
            text, "  no findings on either side (candidate: at most %.2g %% of trials, 95 %%)\n",
            100 * json_get_number(side, "zero_of_n"));
        return;
    }
    buffer_printf(text, "  %-10s%-*s  %9s  %9s  %-16s\n", "", TITLE_WIDTH, "finding", "baseline",
                  "candidate", "rate difference");
    cJSON_ArrayForEach(finding, findings)
    {
        add_finding(finding, text);
    }
}

/* What nobody measured is told in one line. */
static void add_metrics(const cJSON *scenario, struct buffer *text)
{
    const cJSON *metrics = json_get(scenario, "metrics");
    const cJSON *metric;
    bool head = false;
    struct buffer missing = BUFFER_INIT;
    const char *why = "";
    cJSON_ArrayForEach(metric, metrics)
    {
        if (is_verdict(metric, "skipped")) {
            buffer_printf(&missing, "%s%s", missing.length > 0 ? ", " : "",
                          json_get_text(metric, "name"));
            if (strcmp(json_get_text(metric, "note"), "not measured") != 0) {
                why = json_get_text(metric, "note");
            }
            continue;
        }
        if (!head) {
            buffer_printf(text, "  %-22s  %12s  %12s  %1s %-24s  %8s  %s\n", "metric", "baseline",
                          "candidate", "", "ratio [low, high]", "SD", "verdict");
            head = true;
        }
        add_metric(metric, text);
    }
    if (why[0] != '\0') {
        buffer_printf(text, "  performance is not compared: %s\n", why);
    } else if (missing.length > 0) {
        buffer_printf(text, "  not measured here: %s\n", buffer_text(&missing));
    }
    buffer_clear(&missing);
}

static void add_notes(const cJSON *notes, const char *indent, struct buffer *text)
{
    const cJSON *note;
    cJSON_ArrayForEach(note, notes)
    {
        if (cJSON_IsString(note)) {
            buffer_printf(text, "%snote: %s\n", indent, note->valuestring);
        }
    }
}

void compare_form_terminal(const cJSON *comparison, struct buffer *text)
{
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(comparison, "scenarios"))
    {
        buffer_puts(text, "scenario ");
        compare_tell_name(scenario, text);
        buffer_printf(text, ": %s", json_get_text(scenario, "verdict"));
        if (json_get_text(scenario, "reason")[0] != '\0') {
            buffer_printf(text, " (%s)", json_get_text(scenario, "reason"));
        }
        buffer_puts(text, "\n");
        add_sides(scenario, text);
        add_findings(scenario, text);
        add_metrics(scenario, text);
        buffer_puts(text, "  the least that this would have seen (90 %): ");
        compare_tell_power(scenario, text);
        buffer_puts(text, "\n");
        add_notes(json_get(scenario, "notes"), "  ", text);
        buffer_puts(text, "\n");
    }
    add_notes(json_get(comparison, "notes"), "", text);
    buffer_printf(text, "verdict: %s, %.1f s", json_get_text(comparison, "verdict"),
                  json_get_number(comparison, "seconds"));
    if (cJSON_IsNumber(json_get(comparison, "seed"))) {
        buffer_printf(text, ", seed %.0f", json_get_number(comparison, "seed"));
    }
    if (json_get_text(comparison, "stopped")[0] != '\0') {
        buffer_printf(text, " (%s)", json_get_text(comparison, "stopped"));
    }
    buffer_puts(text, "\n");
}
