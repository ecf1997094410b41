/* SPDX-License-Identifier: MIT
 *
 * summary.md of a comparison. GitHub refuses a summary above 1 MiB as a whole, so rows end well
 * before, and the verdict stands first.
 */
#include "harness/report/compare_forms.h"
#include "harness/report/json.h"

#include <string.h>

#define CEILING ((size_t)900 << 10)
#define MOST_FINDINGS 100 /* of a scenario */
#define MOST_TITLE 300

/* For a cell or a line: no markup, no line ends, not endless. */
static void add_plain(const char *words, struct buffer *text)
{
    size_t length = 0;
    for (; *words != '\0' && length < MOST_TITLE; words++, length++) {
        if (*words == '\n') {
            buffer_puts(text, " ");
        } else {
            if (strchr("|`*_<>[]\\", *words) != NULL) {
                buffer_puts(text, "\\");
            }
            buffer_add(text, words, 1);
        }
    }
    while ((*words & 0xc0) == 0x80) {
        buffer_add(text, words++, 1); /* the rest of a character */
    }
    buffer_puts(text, *words != '\0' ? "..." : "");
}

static void add_findings(const cJSON *scenario, struct buffer *text)
{
    const cJSON *findings = json_get(scenario, "findings");
    const cJSON *finding;
    int shown = 0;
    if (cJSON_GetArraySize(findings) == 0) {
        buffer_printf(text,
                      "No findings on either side (candidate: at most %.2g %% of trials).\n\n",
                      100 * json_get_number(json_get(scenario, "candidate"), "zero_of_n"));
        return;
    }
    buffer_puts(text, "| | finding | baseline | candidate | p | verdict |\n"
                      "| --- | --- | --- | --- | --- | --- |\n");
    cJSON_ArrayForEach(finding, findings)
    {
        if (++shown > MOST_FINDINGS || text->length > CEILING) {
            break;
        }
        buffer_printf(text, "| %s | ", json_get_text(finding, "status"));
        add_plain(json_get_text(finding, "title"), text);
        buffer_puts(text, " | ");
        compare_tell_hits(finding, "baseline", text);
        buffer_puts(text, " | ");
        compare_tell_hits(finding, "candidate", text);
        buffer_printf(text, " | %.2g | %s |\n", json_get_number(finding, "p_worse_adjusted"),
                      json_get_text(finding, "verdict"));
    }
    if (cJSON_GetArraySize(findings) > MOST_FINDINGS) {
        buffer_printf(text, "\n%d more stand in compare.json.\n",
                      cJSON_GetArraySize(findings) - MOST_FINDINGS);
    }
    buffer_puts(text, "\n");
}

static void add_metrics(const cJSON *scenario, struct buffer *text)
{
    const cJSON *metric;
    bool head = false;
    cJSON_ArrayForEach(metric, json_get(scenario, "metrics"))
    {
        if (strcmp(json_get_text(metric, "verdict"), "skipped") == 0) {
            continue;
        }
        if (!head) {
            buffer_puts(text, "| metric | baseline | candidate | ratio [low, high] | verdict |\n"
                              "| --- | --- | --- | --- | --- |\n");
            head = true;
        }
        buffer_printf(text, "| %s | ", json_get_text(metric, "name"));
        compare_tell_value(metric, "baseline", text);
        buffer_puts(text, " | ");
        compare_tell_value(metric, "candidate", text);
        buffer_puts(text, " | ");
        compare_tell_interval(metric, text);
        buffer_printf(text, " | %s |\n", json_get_text(metric, "verdict"));
    }
    buffer_puts(text, head ? "\n" : "");
}

static void add_notes(const cJSON *notes, struct buffer *text)
{
    const cJSON *note;
    cJSON_ArrayForEach(note, notes)
    {
        if (cJSON_IsString(note) && text->length < CEILING) {
            buffer_puts(text, "- ");
            add_plain(note->valuestring, text);
            buffer_puts(text, "\n");
        }
    }
    buffer_puts(text, cJSON_GetArraySize(notes) > 0 ? "\n" : "");
}

static void add_scenario(const cJSON *scenario, struct buffer *text)
{
    struct buffer name = BUFFER_INIT;
    compare_tell_name(scenario, &name);
    buffer_puts(text, "## ");
    add_plain(buffer_text(&name), text);
    buffer_printf(text, ": %s\n\n", json_get_text(scenario, "verdict"));
    if (json_get_text(scenario, "reason")[0] != '\0') {
        add_plain(json_get_text(scenario, "reason"), text);
        buffer_puts(text, "\n\n");
    }
    add_findings(scenario, text);
    add_metrics(scenario, text);
    buffer_puts(text, "The least that this would have seen: ");
    compare_tell_power(scenario, text);
    buffer_puts(text, ".\n\n");
    add_notes(json_get(scenario, "notes"), text);
    buffer_clear(&name);
}

void compare_form_markdown(const cJSON *comparison, struct buffer *text)
{
    const cJSON *scenarios = json_get(comparison, "scenarios");
    const cJSON *scenario;
    int shown = 0;
    buffer_printf(text, "# eighth compare: %s\n\n", json_get_text(comparison, "verdict"));
    add_notes(json_get(comparison, "notes"), text);
    cJSON_ArrayForEach(scenario, scenarios)
    {
        if (text->length > CEILING) {
            buffer_printf(text, "Cut here: %d more scenarios stand in compare.json.\n",
                          cJSON_GetArraySize(scenarios) - shown);
            break;
        }
        add_scenario(scenario, text);
        shown++;
    }
}
