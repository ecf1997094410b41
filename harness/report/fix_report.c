/* SPDX-License-Identifier: MIT
 *
 * From two results to verify-fix.json.
 */
#include "harness/report/fix_report.h"

#include "harness/base/clock.h"
#include "harness/judge/stat_binomial.h"
#include "harness/judge/stat_budget.h"
#include "harness/report/environment.h"
#include "harness/report/json.h"

#define RATE_CONFIDENCE 0.95

static void add_findings(cJSON *side, const struct scenario_result *result,
                         const struct scenario_result *before)
{
    cJSON *findings = json_array(side, "findings");
    for (size_t i = 0; result != NULL && i < result->findings.count; i++) {
        const struct finding *finding = result->findings.items[i];
        cJSON *item = json_item(findings);
        json_text(item, "kind", finding_kind_name(finding->kind));
        json_text(item, "title", finding->title);
        json_text(item, "signature", finding->signature.key);
        json_count(item, "trials", finding->trials);
        if (before != result) {
            json_bool(item, "new", fix_rows_is_new(before, finding));
        }
    }
}

static void add_client(cJSON *side, const struct scenario_result *result)
{
    cJSON *client = json_object(side, "client");
    json_text(client, "name", result->client_name);
    json_text(client, "version", result->client_version);
    json_text(client, "build_id", result->client_build_id);
    json_text(client, "path", result->client_path);
    json_source(client, "options", result->scenario->client.options);
}

static void add_rate(cJSON *side, const struct fix_trials *trials)
{
    struct stat_interval rate = stat_clopper_pearson(trials->failed, trials->run, RATE_CONFIDENCE);
    cJSON *item = json_object(side, "rate");
    json_count(item, "k", trials->failed);
    json_count(item, "n", trials->run);
    json_number(item, "low", rate.low);
    json_number(item, "high",
                trials->failed == 0 ? stat_zero_of_n(trials->run, RATE_CONFIDENCE) : rate.high);
    json_bool(item, "trustworthy", trials->trustworthy);
}

/* null: the build did not run. */
static void add_side(cJSON *report, const char *key, const struct fix_side *side,
                     const struct scenario_result *before)
{
    const struct scenario_result *result = side->result;
    if (result == NULL) {
        (void)cJSON_AddNullToObject(report, key);
        return;
    }
    struct fix_trials counted = fix_trials_before(result);
    cJSON *item = json_object(report, key);
    add_client(item, result);
    cJSON *trials = json_object(item, "trials");
    json_count(trials, "run", result->trials_run);
    json_count(trials, "clean", result->trials_clean);
    json_count(trials, "with_findings", result->trials_with_findings);
    json_count(trials, "infra", result->trials_infra);
    add_rate(item, &counted);
    add_findings(item, result, before);
    json_text(item, "report", side->report);
}

static void add_answer(cJSON *report, const struct fix_answer *answer, bool had_control)
{
    json_text(report, "verdict", fix_verdict_name(answer->verdict));
    json_text(report, "reason", fix_reason_name(answer->reason));
    if (answer->needed == STAT_NEVER || !had_control) {
        (void)cJSON_AddNullToObject(report, "clean_trials_needed");
    } else {
        json_count(report, "clean_trials_needed", answer->needed);
    }
    json_count(report, "more_trials", answer->more);
    json_number(report, "confidence_reached", answer->confidence);
}

/* What a reader would call the row: its pattern, or its only signature. */
static void add_row(cJSON *list, const struct fix_row *row, uint64_t run)
{
    const struct finding *example = row->example;
    cJSON *item = json_item(list);
    json_text(item, "state", fix_state_name(row->state));
    json_text(item, "finding", row->pattern != NULL ? row->pattern : example->signature.key);
    json_text(item, "kind", example != NULL ? finding_kind_name(example->kind) : "");
    json_text(item, "title", example != NULL ? example->title : "");
    json_count(item, "findings", row->findings);
    cJSON *rate = json_object(item, "old_rate");
    json_count(rate, "k", row->before);
    json_count(rate, "n", run);
    json_number(rate, "low", row->rate.low);
    json_number(rate, "high", row->rate.high);
    json_count(item, "trials_after", row->after);
    if (row->needed == STAT_NEVER) {
        (void)cJSON_AddNullToObject(item, "clean_trials_needed");
    } else {
        json_count(item, "clean_trials_needed", row->needed);
    }
    json_count(item, "more_trials", row->needed == STAT_NEVER ? 0 : row->more);
    json_number(item, "confidence_reached", row->confidence);
}

static void add_rows(cJSON *report, const struct fix_run *run)
{
    cJSON *list = json_array(report, "bugs");
    uint64_t trials = fix_trials_before(run->before.result).run;
    for (size_t i = 0; i < run->rows->count; i++) {
        add_row(list, &run->rows->items[i], trials);
    }
}

cJSON *fix_report_build(const struct fix_run *run)
{
    cJSON *report = cJSON_CreateObject();
    if (report == NULL) {
        return NULL;
    }
    const struct scenario_result *before = run->before.result;
    json_number(report, "version", FIX_REPORT_VERSION);
    add_answer(report, run->answer, before != NULL);
    add_rows(report, run);
    json_number(report, "confidence", run->confidence);
    json_text(report, "name", run->name);
    json_count(report, "seed", run->seed);
    json_text(report, "started", run->started);
    json_number(report, "seconds", (double)(clock_now() - run->begun) / (double)NS_PER_S);
    json_text(report, "stopped", run->stopped);
    cJSON *command = json_array(report, "command");
    for (const char *const *word = run->command; *word != NULL; word++) {
        json_append_text(command, *word);
    }
    environment_describe(json_object(report, "environment"));
    cJSON *scenario = json_object(report, "scenario");
    if (before != NULL) {
        json_text(scenario, "name", before->scenario->name);
        json_text(scenario, "file", before->scenario->file != NULL ? before->scenario->file : "");
        json_text(scenario, "flavor", before->flavor);
    }
    add_side(report, "before", &run->before, before);
    add_side(report, "after", &run->after, before);
    return report;
}
