/* SPDX-License-Identifier: MIT
 *
 * When and what the runner writes to the report's folder.
 */
#include "harness/cli/runner.h"

#include "harness/judge/across.h"
#include "harness/report/forms.h"
#include "harness/report/report.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

cJSON *runner_report(const struct runner *runner, bool partial)
{
    const char *stopped = "";
    bool goes_on = partial && runner->signals->stop == 0 && runner->trouble.kind == FAILURE_NONE;
    if (partial) {
        stopped = runner->signals->stop == SIGINT        ? "interrupted by SIGINT"
                  : runner->signals->stop == SIGTERM     ? "interrupted by SIGTERM"
                  : runner->signals->stop != 0           ? "interrupted by SIGHUP"
                  : runner->trouble.kind != FAILURE_NONE ? runner->trouble.text
                                                         : "the run goes on";
    }
    across_link(runner->results, runner->result_count);
    struct report_run run = {
        .name = runner->name,
        .seed = runner->options->seed,
        .started = runner->started,
        .begun = runner->begun,
        .partial = partial,
        .goes_on = goes_on,
        .stopped = stopped,
        .command = runner->command,
        .results = (const struct scenario_result *const *)runner->results,
        .result_count = runner->result_count,
        .program = runner->program,
        .run_options = runner->options->repeat.items,
        .run_option_count = runner->options->repeat.count,
    };
    return report_build(&run);
}

static int write_json(const struct runner *runner, const cJSON *report, struct failure *failure)
{
    char *text = report != NULL ? report_print(report) : NULL;
    if (text == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the report");
    }
    int result = report_folder_write(&runner->folder, "report.json", text, strlen(text), failure);
    free(text);
    return result;
}

static int write_form(const struct runner *runner, const cJSON *report, const char *name,
                      void (*form)(const cJSON *report, struct buffer *text),
                      struct failure *failure)
{
    struct buffer text = BUFFER_INIT;
    form(report, &text);
    int result =
        report_folder_write(&runner->folder, name, buffer_text(&text), text.length, failure);
    buffer_clear(&text);
    return result;
}

int runner_write(struct runner *runner, bool partial, struct failure *failure)
{
    cJSON *report = runner_report(runner, partial);
    int result = write_json(runner, report, failure);
    if (result == 0) {
        result = write_form(runner, report, "junit.xml", form_junit, failure);
    }
    if (result == 0) {
        result = write_form(runner, report, "summary.md", form_markdown, failure);
    }
    cJSON_Delete(report);
#ifdef __GLIBC__
    /* The tree takes megabytes for a moment. What later trials keep would pin the holes that it
     * leaves, more of them with each report that a long run writes meanwhile. */
    (void)malloc_trim(0);
#endif
    return result;
}

void runner_discard(struct runner *runner)
{
    static const char *const names[] = {"report.json", "junit.xml", "summary.md"};
    char path[REPORT_PATH + 16];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", runner->folder.path, names[i]);
        (void)unlink(path);
    }
    report_folder_drop(&runner->folder);
}
