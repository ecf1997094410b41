/* SPDX-License-Identifier: MIT
 *
 * What compare.json says.
 */
#include "harness/report/compare_report.h"

#include "harness/judge/stat_binomial.h"
#include "harness/report/environment.h"
#include "harness/report/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *compare_mode_name(enum compare_mode mode)
{
    static const char *const names[] = {"live", "candidate-only", "recorded"};
    return names[mode];
}

/* JSON knows neither NaN nor infinity: null is "not known" or "no bound". */
static void add_known(cJSON *object, const char *key, double value)
{
    if (isfinite(value)) {
        json_number(object, key, value);
    } else {
        (void)cJSON_AddNullToObject(object, key);
    }
}

static void add_lines(cJSON *parent, const char *key, const struct buffer *lines)
{
    cJSON *array = json_array(parent, key);
    char *copy = strdup(buffer_text(lines));
    char *rest = copy;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line != '\0') {
            json_append_text(array, line);
        }
    }
    free(copy);
}

static void add_side(cJSON *parent, const char *key, const char *path, const cJSON *report)
{
    cJSON *side = json_object(parent, key);
    json_text(side, "report", path);
    json_text(side, "started", json_get_text(report, "started"));
    const cJSON *environment = json_get(report, "environment");
    if (environment != NULL) {
        (void)cJSON_AddItemToObject(side, "environment", cJSON_Duplicate(environment, true));
    } else {
        (void)cJSON_AddNullToObject(side, "environment");
    }
}

static void add_build(cJSON *parent, const char *key, const struct compare_side *side)
{
    cJSON *object = json_object(parent, key);
    json_text(object, "client", side->client);
    json_text(object, "build_id", side->build_id);
    json_text(object, "path", side->path);
    json_source(object, "options", side->options);
    json_count(object, "trials", side->judged);
    json_count(object, "infra", side->infra);
    json_count(object, "failed", side->failed);
    json_number(object, "zero_of_n", stat_zero_of_n(side->judged, 0.95));
}

static void add_rate(cJSON *parent, const char *key, uint64_t hits, uint64_t trials,
                     struct stat_interval rate)
{
    cJSON *object = json_object(parent, key);
    json_count(object, "k", hits);
    json_count(object, "n", trials);
    add_known(object, "low", rate.low);
    add_known(object, "high", rate.high);
}

static void add_finding(cJSON *item, const struct compare_finding *row)
{
    json_text(item, "key", row->key);
    json_text(item, "kind", row->kind);
    json_text(item, "title", row->title);
    json_text(item, "status", compare_status_name(row->status));
    json_text(item, "verdict", compare_verdict_name(row->verdict));
    json_bool(item, "may_fail", row->gated);
    add_rate(item, "baseline", row->a_hits, row->a_trials, row->a_rate);
    add_rate(item, "candidate", row->b_hits, row->b_trials, row->b_rate);
    cJSON *difference = json_object(item, "difference");
    add_known(difference, "low", row->difference.low);
    add_known(difference, "high", row->difference.high);
    json_text(item, "test", row->test);
    add_known(item, "p_worse", row->p_worse);
    add_known(item, "p_worse_adjusted", row->p_worse_adjusted);
    add_known(item, "p_better", row->p_better);
    add_known(item, "p_better_adjusted", row->p_better_adjusted);
    add_known(item, "e_value", row->e_value);
    add_known(item, "p_mcnemar", row->mcnemar);
    if (row->replay.b_run > 0) {
        cJSON *replay = json_object(item, "replay");
        json_count(replay, "baseline_run", row->replay.a_run);
        json_count(replay, "baseline_shown", row->replay.a_hits);
        json_count(replay, "baseline_fresh_run", row->replay.a_fresh);
        json_count(replay, "baseline_fresh_shown", row->replay.a_fresh_hits);
        json_count(replay, "candidate_run", row->replay.b_run);
        json_count(replay, "candidate_shown", row->replay.b_hits);
    } else {
        (void)cJSON_AddNullToObject(item, "replay");
    }
    json_text(item, "note", row->note);
    json_text(item, "reproduce", row->reproduce);
}

static void add_figure(cJSON *item, const struct compare_figure *figure,
                       const struct compare_settings *settings)
{
    const struct compare_metric *metric = &compare_metrics[figure->metric];
    bool skipped = figure->verdict == COMPARE_SKIPPED;
    json_text(item, "name", metric->name);
    json_text(item, "unit", metric->unit);
    json_text(item, "measure", metric->measure == COMPARE_RATIO ? "ratio" : "difference");
    json_text(item, "verdict", compare_verdict_name(figure->verdict));
    json_bool(item, "may_fail", figure->gated);
    json_bool(item, "core", metric->core);
    add_known(item, "baseline", figure->a);
    add_known(item, "candidate", figure->b);
    json_count(item, "baseline_trials", figure->a_count);
    json_count(item, "candidate_trials", figure->b_count);
    add_known(item, "estimate", figure->estimate);
    add_known(item, "low", figure->interval.low);
    add_known(item, "high", figure->interval.high);
    json_number(item, "margin", settings->margins[figure->metric]);
    add_known(item, "sd", figure->sd);
    add_known(item, "detectable", figure->detectable);
    add_known(item, "p_worse", skipped ? NAN : figure->p_worse);
    add_known(item, "p_worse_adjusted", skipped ? NAN : figure->p_worse_adjusted);
    add_known(item, "p_better", skipped ? NAN : figure->p_better);
    add_known(item, "p_better_adjusted", skipped ? NAN : figure->p_better_adjusted);
    json_count(item, "outliers", figure->outliers);
    json_text(item, "note", figure->note);
}

static void add_sequential(cJSON *item, const struct compare_sequential *test)
{
    static const char *const outcomes[] = {"undecided", "worse", "not-worse"};
    if (!test->used) {
        (void)cJSON_AddNullToObject(item, "sequential");
        return;
    }
    cJSON *object = json_object(item, "sequential");
    json_text(object, "outcome", outcomes[test->outcome]);
    json_count(object, "baseline_failed", test->a_failed);
    json_count(object, "candidate_failed", test->b_failed);
    json_number(object, "ratio", test->ratio);
}

static void add_scenario(cJSON *item, const struct compare_run *run, size_t i)
{
    const struct compare_scenario *scenario = &run->scenarios[i];
    const cJSON *origin = run->origins[i];
    static const char *const copied[] = {"name", "file", "flavor", "combination"};
    for (size_t k = 0; k < sizeof copied / sizeof copied[0]; k++) {
        json_text(item, copied[k], json_get_text(origin, copied[k]));
    }
    json_text(item, "verdict", compare_verdict_name(scenario->verdict));
    json_text(item, "reason", scenario->reason);
    json_bool(item, "untrustworthy", scenario->untrustworthy);
    add_build(item, "baseline", scenario->a);
    add_build(item, "candidate", scenario->b);
    json_number(item, "confidence", scenario->confidence);
    add_known(item, "detectable_rate", scenario->detectable_rate);
    add_sequential(item, &scenario->sequential);
    cJSON *findings = json_array(item, "findings");
    for (size_t f = 0; f < scenario->finding_count; f++) {
        add_finding(json_item(findings), &scenario->findings[f]);
    }
    cJSON *metrics = json_array(item, "metrics");
    for (size_t m = 0; m < COMPARE_METRICS; m++) {
        add_figure(json_item(metrics), &scenario->figures[m], run->settings);
    }
    add_lines(item, "notes", &run->notes[i]);
}

cJSON *compare_build(const struct compare_run *run)
{
    cJSON *tree = cJSON_CreateObject();
    if (tree == NULL) {
        return NULL;
    }
    enum compare_verdict verdict = run->verdict;
    if (run->partial && verdict == COMPARE_PASS) {
        verdict = COMPARE_INCONCLUSIVE;
    }
    json_number(tree, "version", COMPARE_REPORT_VERSION);
    json_text(tree, "verdict", compare_verdict_name(verdict));
    json_text(tree, "mode", compare_mode_name(run->mode));
    json_text(tree, "started", run->started);
    json_number(tree, "seconds", run->seconds);
    if (run->mode == COMPARE_RECORDED) {
        (void)cJSON_AddNullToObject(tree, "seed");
    } else {
        json_count(tree, "seed", run->seed);
    }
    json_bool(tree, "partial", run->partial);
    json_text(tree, "stopped", run->stopped);
    cJSON *command = json_array(tree, "command");
    for (const char *const *word = run->command; *word != NULL; word++) {
        json_append_text(command, *word);
    }
    environment_describe(json_object(tree, "environment"));
    add_side(tree, "baseline", run->a_path, run->a_report);
    add_side(tree, "candidate", run->b_path, run->b_report);
    json_number(tree, "alpha", COMPARE_ALPHA);
    json_number(tree, "confidence", run->settings->confidence);
    json_text(tree, "fail_on", run->fail_on);
    cJSON *scenarios = json_array(tree, "scenarios");
    for (size_t i = 0; i < run->count; i++) {
        add_scenario(json_item(scenarios), run, i);
    }
    add_lines(tree, "notes", run->remarks);
    return tree;
}
