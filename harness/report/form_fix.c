/* SPDX-License-Identifier: MIT
 *
 * What a human reads at the end of verify-fix.
 */
#include "harness/report/fix_report.h"

#include "harness/report/json.h"
#include "harness/scenario/verbatim.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 8 /* findings of a build */
#define BUGS 12

static void add_findings(const cJSON *side, struct buffer *text)
{
    int shown = 0;
    int count = cJSON_GetArraySize(json_get(side, "findings"));
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_get(side, "findings"))
    {
        if (++shown > SHOWN) {
            buffer_printf(text, "          and %d more: eighth show %s\n", count - SHOWN,
                          json_get_text(side, "report"));
            return;
        }
        buffer_printf(text, "          %s%s (%.0f trial%s): %s\n",
                      cJSON_IsTrue(json_get(finding, "new")) ? "NEW " : "",
                      json_get_text(finding, "kind"), json_get_number(finding, "trials"),
                      json_get_number(finding, "trials") > 1 ? "s" : "",
                      json_get_text(finding, "title"));
    }
}

static void add_side(const cJSON *report, const char *key, struct buffer *text)
{
    const cJSON *side = json_get(report, key);
    const cJSON *client = json_get(side, "client");
    const cJSON *rate = json_get(side, "rate");
    if (!cJSON_IsObject(side)) {
        buffer_printf(text, "  %-6s  did not run\n", key);
        return;
    }
    const char *build_id = json_get_text(client, "build_id");
    char *options = verbatim_line(json_get_text(client, "options"));
    buffer_printf(text, "  %-6s  %s %s %s%s%.16s\n", key, json_get_text(client, "name"),
                  json_get_text(client, "version"), options != NULL ? options : "",
                  build_id[0] != '\0' ? ", build-id " : "", build_id);
    free(options);
    if (json_get_number(rate, "n") < 1) {
        buffer_puts(text, "          no trial counts");
    } else {
        buffer_printf(text, "          %.0f of %.0f trials failed ", json_get_number(rate, "k"),
                      json_get_number(rate, "n"));
    }
    if (json_get_number(rate, "k") > 0) {
        buffer_printf(text, "(95 %%: %.3g %% to %.3g %%)", json_get_number(rate, "low") * 100,
                      json_get_number(rate, "high") * 100);
    } else if (json_get_number(rate, "n") > 0) {
        buffer_printf(text, "(at most %.2g %%, 95 %%)", json_get_number(rate, "high") * 100);
    }
    if (strcmp(key, "before") == 0 && cJSON_IsNumber(json_get(report, "clean_trials_needed"))) {
        buffer_printf(text, ": %.0f clean trials prove a fix with %.4g %%",
                      json_get_number(report, "clean_trials_needed"),
                      json_get_number(report, "confidence") * 100);
    }
    buffer_puts(text, "\n");
    add_findings(side, text);
}

static void add_bug(const cJSON *bug, struct buffer *text)
{
    const char *state = json_get_text(bug, "state");
    const cJSON *rate = json_get(bug, "old_rate");
    double more = json_get_number(bug, "more_trials");
    double findings = json_get_number(bug, "findings");
    buffer_printf(text, "    %-10s  %.0f of %.0f before, ", state, json_get_number(rate, "k"),
                  json_get_number(rate, "n"));
    if (json_get_number(bug, "trials_after") > 0) {
        buffer_printf(text, "%.0f after", json_get_number(bug, "trials_after"));
    } else if (strcmp(state, "open") == 0 && more > 0) {
        buffer_printf(text, "%.0f more trials", more);
    } else {
        buffer_puts(text, "none after");
    }
    const char *kind = json_get_text(bug, "kind");
    buffer_printf(text, ": %s%s%s", kind[0] != '\0' ? kind : json_get_text(bug, "finding"),
                  kind[0] != '\0' ? ": " : "", json_get_text(bug, "title"));
    if (findings > 1) {
        buffer_printf(text, " (and %.0f more signatures)", findings - 1);
    }
    buffer_puts(text, "\n");
}

/* What became of each bug of the old build. */
static void add_bugs(const cJSON *report, struct buffer *text)
{
    const cJSON *bugs = json_get(report, "bugs");
    int shown = 0;
    int count = cJSON_GetArraySize(bugs);
    const cJSON *bug;
    if (count > 0) {
        buffer_puts(text, "\n  bugs of the old build:\n");
    }
    cJSON_ArrayForEach(bug, bugs)
    {
        if (++shown > BUGS) {
            buffer_printf(text, "    and %d more: verify-fix.json has all\n", count - BUGS);
            return;
        }
        add_bug(bug, text);
    }
}

static bool has_same_client(const cJSON *report)
{
    const cJSON *one = json_get(json_get(report, "before"), "client");
    const cJSON *other = json_get(json_get(report, "after"), "client");
    const char *id = json_get_text(one, "build_id");
    return id[0] != '\0' && strcmp(id, json_get_text(other, "build_id")) == 0 &&
           verbatim_same(json_get_text(one, "options"), json_get_text(other, "options"));
}

static void add_why(const cJSON *report, struct buffer *text)
{
    const char *reason = json_get_text(report, "reason");
    const cJSON *old = json_get(json_get(report, "before"), "rate");
    double clean = json_get_number(json_get(json_get(report, "after"), "trials"), "clean");
    double more = json_get_number(report, "more_trials");
    if (reason[0] == '\0') {
        buffer_printf(text,
                      ": %.0f clean trials; a build with any of these bugs as rare as its old "
                      "rate's lower bound would pass this in at most %.2g %% of cases",
                      clean, (1 - json_get_number(report, "confidence_reached")) * 100);
    } else if (strcmp(reason, "still-fails") == 0) {
        buffer_puts(text, ": the fixed build fails as the old one did");
    } else if (strcmp(reason, "fails-anew") == 0) {
        buffer_puts(text, ": the fixed build fails in a way in which the old one never did");
    } else if (strcmp(reason, "no-control") == 0) {
        buffer_printf(text,
                      ", %.0f more trials: the old build did not fail%s in %.0f, so there is "
                      "nothing to see fixed. Try --control %.0f, another --flavor, more load",
                      more, json_get_number(old, "k") > 0 ? " like that" : "",
                      json_get_number(old, "n"), more + json_get_number(old, "n"));
    } else if (strcmp(reason, "too-few-trials") == 0) {
        buffer_printf(text,
                      ", %.0f more trials: %.0f clean ones make it %.3g %% sure that the rarest "
                      "bug is gone. More --trials, or more --control: that may raise the old "
                      "rate's lower bound; or --finding, if several are one bug",
                      more, clean, json_get_number(report, "confidence_reached") * 100);
    } else {
        buffer_printf(text,
                      ", %.0f more trials: more than 5 %% of the trials were infrastructure "
                      "failures; see the reports",
                      more);
    }
}

void form_fix(const cJSON *report, struct buffer *text)
{
    const cJSON *scenario = json_get(report, "scenario");
    const char *stopped = json_get_text(report, "stopped");
    buffer_printf(text, "%s, %s\n\n", json_get_text(scenario, "name"),
                  json_get_text(scenario, "flavor"));
    add_side(report, "before", text);
    add_side(report, "after", text);
    add_bugs(report, text);
    if (has_same_client(report)) {
        buffer_puts(text, "\n  note: both builds are the same file with the same options\n");
    }
    if (stopped[0] != '\0') {
        buffer_printf(text, "\n  stopped: %s\n", stopped);
    }
    buffer_printf(text, "\nverdict: %s", json_get_text(report, "verdict"));
    add_why(report, text);
    buffer_printf(text, "\n(%.1f s, seed %.0f)\n", json_get_number(report, "seconds"),
                  json_get_number(report, "seed"));
}
