/* SPDX-License-Identifier: MIT
 *
 * Workflow commands of GitHub Actions: which lines of a comparison become annotations. GitHub shows
 * ten of each type for a step.
 */
#include "harness/report/compare_forms.h"
#include "harness/report/json.h"

#include <string.h>

#define MOST_OF_A_TYPE 10

struct annotations {
    struct buffer *text;
    int errors;
    int warnings;
};

/* In a property ':' and ',' separate; everywhere '%' and line ends mean something. */
static void add_escaped(const char *words, bool property, struct buffer *text)
{
    for (; *words != '\0'; words++) {
        if (*words == '%' || *words == '\r' || *words == '\n' ||
            (property && (*words == ':' || *words == ','))) {
            buffer_printf(text, "%%%02X", (unsigned char)*words);
        } else {
            buffer_add(text, words, 1);
        }
    }
}

static void annotate(struct annotations *all, const cJSON *scenario, const cJSON *item,
                     const char *title, const char *message)
{
    bool error = strcmp(json_get_text(item, "verdict"), "regression") == 0 &&
                 cJSON_IsTrue(json_get(item, "may_fail"));
    bool warning = !error && strcmp(json_get_text(item, "verdict"), "pass") != 0 &&
                   strcmp(json_get_text(item, "verdict"), "better") != 0 &&
                   strcmp(json_get_text(item, "verdict"), "skipped") != 0;
    int *count = error ? &all->errors : &all->warnings;
    if ((!error && !warning) || *count >= MOST_OF_A_TYPE) {
        return;
    }
    ++*count;
    buffer_printf(all->text, "::%s file=", error ? "error" : "warning");
    add_escaped(json_get_text(scenario, "file"), true, all->text);
    buffer_puts(all->text, ",title=");
    add_escaped(title, true, all->text);
    buffer_puts(all->text, "::");
    add_escaped(message, false, all->text);
    buffer_puts(all->text, "\n");
}

static void annotate_finding(struct annotations *all, const cJSON *scenario, const cJSON *finding)
{
    struct buffer title = BUFFER_INIT;
    struct buffer message = BUFFER_INIT;
    buffer_printf(&title, "%s %s in %s", json_get_text(finding, "status"),
                  json_get_text(finding, "kind"), json_get_text(scenario, "name"));
    buffer_printf(&message, "%s\nbaseline ", json_get_text(finding, "title"));
    compare_tell_hits(finding, "baseline", &message);
    buffer_puts(&message, " trials, candidate ");
    compare_tell_hits(finding, "candidate", &message);
    if (json_get_text(finding, "reproduce")[0] != '\0') {
        buffer_printf(&message, "\nreproduce: %s", json_get_text(finding, "reproduce"));
    }
    annotate(all, scenario, finding, buffer_text(&title), buffer_text(&message));
    buffer_clear(&title);
    buffer_clear(&message);
}

static void annotate_metric(struct annotations *all, const cJSON *scenario, const cJSON *metric)
{
    struct buffer title = BUFFER_INIT;
    struct buffer message = BUFFER_INIT;
    if (!cJSON_IsTrue(json_get(metric, "core")) &&
        strcmp(json_get_text(metric, "verdict"), "regression") != 0) {
        return; /* undecided, and nothing depends on it */
    }
    buffer_printf(&title, "%s of %s", json_get_text(metric, "name"),
                  json_get_text(scenario, "name"));
    buffer_printf(&message, "%s: candidate / baseline ", json_get_text(metric, "verdict"));
    compare_tell_interval(metric, &message);
    annotate(all, scenario, metric, buffer_text(&title), buffer_text(&message));
    buffer_clear(&title);
    buffer_clear(&message);
}

/* Nothing else would say that the machine spoilt it. */
static void annotate_scenario(struct annotations *all, const cJSON *scenario)
{
    struct buffer title = BUFFER_INIT;
    buffer_printf(&title, "%s is inconclusive", json_get_text(scenario, "name"));
    if (strcmp(json_get_text(scenario, "verdict"), "inconclusive") == 0) {
        annotate(all, scenario, scenario, buffer_text(&title), json_get_text(scenario, "reason"));
    }
    buffer_clear(&title);
}

void compare_form_annotations(const cJSON *comparison, struct buffer *text)
{
    struct annotations all = {text, 0, 0};
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(comparison, "scenarios"))
    {
        const cJSON *item;
        if (cJSON_IsTrue(json_get(scenario, "untrustworthy"))) {
            annotate_scenario(&all, scenario);
        }
        cJSON_ArrayForEach(item, json_get(scenario, "findings"))
        {
            annotate_finding(&all, scenario, item);
        }
        cJSON_ArrayForEach(item, json_get(scenario, "metrics"))
        {
            annotate_metric(&all, scenario, item);
        }
    }
}
