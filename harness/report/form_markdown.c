/* SPDX-License-Identifier: MIT
 *
 * summary.md: short enough for a CI page.
 */
#include "harness/report/forms.h"

#include "harness/report/json.h"

#include <string.h>

/* GitHub refuses a summary above 1 MiB as a whole: it is cut well before. */
#define CEILING ((size_t)900 << 10)
#define MOST_FINDINGS 100

/* For a cell or a line: no markup, no line ends. */
static void add_plain(const char *words, struct buffer *text)
{
    for (; *words != '\0'; words++) {
        if (*words == '\n') {
            buffer_puts(text, " ");
        } else {
            if (strchr("|`*_<>[]\\", *words) != NULL) {
                buffer_puts(text, "\\");
            }
            buffer_add(text, words, 1);
        }
    }
}

static void add_row(const cJSON *scenario, struct buffer *text)
{
    const cJSON *trials = json_get(scenario, "trials");
    const cJSON *cycles = json_get(scenario, "cycles");
    const cJSON *tls = json_get(json_get(scenario, "latency_us"), "tls");
    buffer_puts(text, "| ");
    add_plain(json_get_text(scenario, "name"), text);
    if (json_get_text(scenario, "combination")[0] != '\0') {
        buffer_puts(text, " (");
        add_plain(json_get_text(scenario, "combination"), text);
        buffer_puts(text, ")");
    }
    buffer_printf(text, " | %s | **%s** | %.0f of %.0f | %.0f of %.0f | %.2f | %d |\n",
                  json_get_text(scenario, "flavor"), json_get_text(scenario, "verdict"),
                  json_get_number(trials, "clean"), json_get_number(trials, "run"),
                  json_get_number(cycles, "completed"), json_get_number(cycles, "started"),
                  json_get_number(tls, "p99") / 1000,
                  cJSON_GetArraySize(json_get(scenario, "findings")));
}

/* A fence longer than any run of backquotes inside cannot be closed from inside. */
static void add_code(const char *words, struct buffer *text)
{
    size_t longest = 2;
    size_t run = 0;
    for (const char *at = words; *at != '\0'; at++) {
        run = *at == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    for (int end = 0; end < 2; end++) {
        for (size_t i = 0; i <= longest; i++) {
            buffer_puts(text, "`");
        }
        buffer_puts(text, end == 0 ? "text\n" : "\n");
        if (end == 0) {
            buffer_puts(text, words);
            if (words[0] != '\0' && words[strlen(words) - 1] != '\n') {
                buffer_puts(text, "\n");
            }
        }
    }
}

/* A stack in one line: whose it is and where it stands. */
static void add_place(const cJSON *stack, struct buffer *text)
{
    buffer_puts(text, "- ");
    add_plain(json_get_text(stack, "title"), text);
    buffer_puts(text, ": **");
    add_plain(json_get_text(stack, "site"), text);
    buffer_puts(text, "**\n");
}

static void add_finding(const cJSON *scenario, const cJSON *finding, struct buffer *text)
{
    const cJSON *sentence;
    buffer_printf(text, "\n### %s%s: ", json_get_text(finding, "kind"),
                  cJSON_IsTrue(json_get(finding, "expected")) ? " (expected)" : "");
    add_plain(json_get_text(finding, "title"), text);
    buffer_puts(text, "\n\nScenario ");
    add_plain(json_get_text(scenario, "name"), text);
    buffer_printf(text, ", %s: ", json_get_text(scenario, "flavor"));
    form_rate(finding, text);
    buffer_puts(text, ".\n\n");
    const cJSON *stack;
    cJSON_ArrayForEach(stack, json_get(finding, "stacks"))
    {
        const char *weight = json_get_text(stack, "weight");
        if (strcmp(weight, "matters") == 0 || strcmp(weight, "same-instance") == 0) {
            add_place(stack, text);
        }
    }
    int told = 0;
    bool by_stacks = cJSON_IsTrue(json_get(finding, "stacks_of_threads"));
    cJSON_ArrayForEach(sentence, json_get(finding, "doing"))
    {
        if (cJSON_IsString(sentence) && !by_stacks && told < 8) {
            told++;
            buffer_puts(text, "- ");
            add_plain(sentence->valuestring, text);
            buffer_puts(text, "\n");
        }
    }
    buffer_puts(text, "\n");
    add_code(json_get_text(finding, "reproduce"), text);
}

static void add_remark(const cJSON *scenario,
                       void (*sentence)(const cJSON *scenario, struct buffer *text),
                       struct buffer *text)
{
    struct buffer words = BUFFER_INIT;
    sentence(scenario, &words);
    if (words.length > 0) {
        buffer_puts(text, "- ");
        add_plain(json_get_text(scenario, "name"), text);
        buffer_printf(text, ", %s: %s\n", json_get_text(scenario, "flavor"), buffer_text(&words));
    }
    buffer_clear(&words);
}

void form_markdown(const cJSON *report, struct buffer *text)
{
    const cJSON *scenarios = json_get(report, "scenarios");
    const cJSON *scenario;
    int told = 0;
    text->ceiling = CEILING;
    buffer_printf(text, "# eighth: %s%s\n\n", json_get_text(report, "verdict"),
                  cJSON_IsTrue(json_get(report, "partial")) ? " (partial)" : "");
    add_plain(json_get_text(report, "name"), text);
    buffer_printf(text, ", seed %.0f, %s, %.1f s\n\n", json_get_number(report, "seed"),
                  json_get_text(report, "started"), json_get_number(report, "seconds"));
    buffer_puts(text, "| scenario | flavor | verdict | trials clean | cycles completed | TLS p99 "
                      "[ms] | findings |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    cJSON_ArrayForEach(scenario, scenarios)
    {
        add_row(scenario, text);
    }
    buffer_puts(text, "\n");
    cJSON_ArrayForEach(scenario, scenarios)
    {
        add_remark(scenario, form_certainty, text);
        add_remark(scenario, form_end, text);
    }
    for (int story = 1; story <= FORM_STORIES; story++) {
        struct buffer words = BUFFER_INIT;
        if (form_story(report, story, &words)) {
            buffer_puts(text, "- ");
            add_plain(buffer_text(&words), text);
            buffer_puts(text, "\n");
        }
        buffer_clear(&words);
    }
    cJSON_ArrayForEach(scenario, scenarios)
    {
        const cJSON *finding;
        cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
        {
            if (told++ < MOST_FINDINGS) {
                add_finding(scenario, finding, text);
            }
        }
    }
    if (told > MOST_FINDINGS) {
        buffer_printf(text, "\n%d more findings: see report.json.\n", told - MOST_FINDINGS);
    }
}
