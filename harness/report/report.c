/* SPDX-License-Identifier: MIT
 *
 * The frame of the report.
 */
#include "harness/report/report.h"

#include "harness/base/clock.h"
#include "harness/judge/verdict.h"
#include "harness/report/environment.h"
#include "harness/report/json.h"
#include "harness/report/settings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the command's paths count from; "" if that is gone. */
static void describe_directory(cJSON *report)
{
    char path[PATH_MAX];
    json_text(report, "directory", getcwd(path, sizeof path) != NULL ? path : "");
}

cJSON *report_build(const struct report_run *run)
{
    cJSON *report = cJSON_CreateObject();
    if (report == NULL) {
        return NULL;
    }
    enum verdict verdict = verdict_of_all(run->results, run->result_count);
    if (run->partial && verdict == VERDICT_PASS) {
        verdict = VERDICT_INCONCLUSIVE;
    }
    json_number(report, "version", REPORT_VERSION);
    json_text(report, "verdict", verdict_name(verdict));
    json_text(report, "name", run->name);
    json_count(report, "seed", run->seed);
    json_text(report, "started", run->started);
    json_number(report, "seconds", (double)(clock_now() - run->begun) / (double)NS_PER_S);
    json_bool(report, "partial", run->partial);
    json_text(report, "stopped", run->stopped);
    cJSON *command = json_array(report, "command");
    for (const char *const *word = run->command; *word != NULL; word++) {
        json_append_text(command, *word);
    }
    describe_directory(report);
    settings_describe(json_object(report, "settings"));
    environment_describe(json_object(report, "environment"));
    cJSON *scenarios = json_array(report, "scenarios");
    for (size_t i = 0; i < run->result_count; i++) {
        report_add_scenario(json_item(scenarios), run, run->results[i]);
    }
    return report;
}

char *report_print(const cJSON *report)
{
    char *text = cJSON_Print(report);
    if (text == NULL) {
        return NULL;
    }
    size_t length = strlen(text);
    char *line = realloc(text, length + 2);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    line[length] = '\n';
    line[length + 1] = '\0';
    return line;
}
