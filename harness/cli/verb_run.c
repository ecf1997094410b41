/* SPDX-License-Identifier: MIT
 *
 * eighth run: from the command line to the exit code.
 */
#include "harness/cli/baseline.h"
#include "harness/cli/bisect.h"
#include "harness/cli/runner.h"
#include "harness/cli/verbs.h"
#include "harness/judge/verdict.h"
#include "harness/report/forms.h"
#include "harness/report/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int load_scenarios(struct scenario_list *list, const struct run_options *options,
                          char **paths, int count, struct failure *failure)
{
    if (count == 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "which scenario? Give a file or a folder: eighth run "
                           "scenarios/hundred-clients.json (`eighth list scenarios` lists some)");
    }
    for (int i = 0; i < count; i++) {
        if (scenario_load(list, paths[i], options->sets.items, options->sets.count, failure) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The scenario's own name, or that of the first path. */
static void choose_name(const struct run_options *options, const struct scenario_list *list,
                        const char *path, char *name, size_t capacity)
{
    bool one = true;
    for (size_t i = 1; i < list->count; i++) {
        one = one && strcmp(list->items[0]->name, list->items[i]->name) == 0;
    }
    if (options->name != NULL) {
        (void)snprintf(name, capacity, "%s", options->name);
        return;
    }
    if (one) {
        (void)snprintf(name, capacity, "%s", list->items[0]->name);
        return;
    }
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    static const char suffix[] = ".json";
    size_t tail = sizeof suffix - 1;
    if (end - start > tail && strncmp(path + end - tail, suffix, tail) == 0) {
        end -= tail;
    }
    (void)snprintf(name, capacity, "%.*s", (int)(end - start), path + start);
    for (char *at = name; *at != '\0'; at++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *at) ==
            NULL) {
            *at = '-';
        }
    }
    if (name[0] == '\0' || name[0] == '.') {
        (void)snprintf(name, capacity, "run");
    }
}

static int print_results(const struct runner *runner, bool partial)
{
    cJSON *report = runner_report(runner, partial);
    struct buffer text = BUFFER_INIT;
    if (report != NULL && !runner->options->quiet) {
        form_terminal(report, false, &text);
        (void)fputs(buffer_text(&text), stdout);
    }
    buffer_clear(&text);
    cJSON_Delete(report);
    (void)printf("%s/report.json\n", runner->folder.path);
    return verb_flush("run");
}

static int exit_code(const struct runner *runner, bool partial)
{
    enum verdict verdict = verdict_of_all((const struct scenario_result *const *)runner->results,
                                          runner->result_count);
    if (verdict == VERDICT_FAIL) {
        return EXIT_FINDINGS;
    }
    if (runner->trouble.kind != FAILURE_NONE) {
        return failure_exit_code(&runner->trouble);
    }
    return partial ? EXIT_UNDECIDED : verdict_exit_code(verdict);
}

/* What was kept under a name comes back with compare --baseline-report. */
static void keep_baseline(const struct runner *runner, bool partial)
{
    struct failure failure = FAILURE_INIT;
    char path[REPORT_PATH + 256];
    const char *name = runner->options->save_baseline;
    if (name == NULL) {
        return;
    }
    cJSON *report = runner_report(runner, partial);
    if (partial || runner->trouble.kind != FAILURE_NONE) {
        (void)fprintf(stderr, "eighth run: baseline %s was not saved: the run is not complete\n",
                      name);
    } else if (baseline_save(runner->options->reports, name, report, path, sizeof path, &failure) !=
               0) {
        (void)verb_fail("run", &failure);
    }
    cJSON_Delete(report);
}

/* Whether a step of a bisection had all its trials: else nothing found says nothing. */
static bool had_enough(const struct runner *runner)
{
    bool enough = runner->result_count > 0;
    for (size_t i = 0; i < runner->result_count; i++) {
        const struct scenario_result *result = runner->results[i];
        enough = enough && result->trials_clean >= runner->options->trials;
    }
    return enough;
}

/* A mistake of the user's before any trial: there is nothing to report but the mistake. */
static bool is_misused(const struct runner *runner)
{
    bool ran = false;
    for (size_t i = 0; i < runner->result_count; i++) {
        ran = ran || runner->results[i]->trials_run > 0 || runner->results[i]->findings.count > 0;
    }
    return runner->trouble.kind == FAILURE_USAGE && !ran;
}

static int finish(struct runner *runner, int ran)
{
    struct failure failure = FAILURE_INIT;
    if (is_misused(runner)) {
        runner_discard(runner);
        int code = verb_fail("run", &runner->trouble);
        return runner->options->bisect ? bisect_code(code, false, true, runner->signals->stop)
                                       : code;
    }
    bool partial = ran != 0 || runner->signals->stop != 0;
    if (runner_write(runner, partial, &failure) != 0) {
        (void)verb_fail("run", &failure);
        (void)fprintf(stderr, "eighth run: the report is not complete; what is there: %s\n",
                      runner->folder.path);
        return runner->options->bisect ? BISECT_SKIP : EXIT_UNDECIDED;
    }
    if (runner->trouble.kind != FAILURE_NONE) {
        (void)verb_fail("run", &runner->trouble);
    }
    keep_baseline(runner, partial);
    int printed = print_results(runner, partial);
    int code = exit_code(runner, partial);
    if (runner->options->bisect) {
        return bisect_code(code, had_enough(runner), true, runner->signals->stop);
    }
    return code == EXIT_PASS ? printed : code;
}

/* An external program is the user's own build: no flavor of eighth changes how it was made. */
static int refuse_programs(const struct scenario_list *scenarios, const struct flavor *flavor,
                           struct failure *failure)
{
    for (size_t i = 0; i < scenarios->count; i++) {
        if (scenarios->items[i]->client.exec != NULL) {
            return failure_set(failure, FAILURE_USAGE,
                               "scenario %s runs an external program, which eighth cannot build as "
                               "%s: run it without --flavor; a program that was built with a "
                               "sanitizer is recognised by itself",
                               scenarios->items[i]->name, flavor->name);
        }
    }
    return 0;
}

/* The flavors to run in; of all of them those that are built. Fails when a single one is missing,
 * or all are. */
static int choose_flavors(struct runner *runner, const struct layout *layout,
                          struct failure *failure)
{
    char worker[LAYOUT_PATH + 64];
    const struct flavor *only = runner->options->flavor;
    if (only != NULL && !flavor_runs_programs(only) &&
        refuse_programs(runner->scenarios, only, failure) != 0) {
        return -1;
    }
    if (only != NULL) {
        runner->flavors[runner->flavor_count++] = only;
        return layout_worker(layout, only->built, worker, sizeof worker, failure);
    }
    for (size_t i = 0; i < FLAVORS; i++) {
        if (layout_worker(layout, flavors[i].built, worker, sizeof worker, failure) == 0) {
            runner->flavors[runner->flavor_count++] = &flavors[i];
        } else {
            runner->missing[runner->missing_count++] = &flavors[i];
        }
    }
    return runner->flavor_count > 0 ? 0 : -1;
}

static int run_all(const struct invocation *invocation, const struct run_options *options,
                   const struct scenario_list *scenarios, const char *first_path)
{
    struct failure failure = FAILURE_INIT;
    struct layout layout;
    struct signals signals;
    struct progress progress;
    char name[128];
    struct runner runner = {
        .options = options,
        .command = (const char *const *)invocation->argv,
        .program = invocation->program,
        .scenarios = scenarios,
        .layout = &layout,
        .signals = &signals,
        .progress = &progress,
        .name = name,
    };
    choose_name(options, scenarios, first_path, name, sizeof name);
    progress_init(&progress, options->quiet);
    if (layout_find(&layout, &failure) != 0 || choose_flavors(&runner, &layout, &failure) != 0 ||
        report_folder_make(&runner.folder, options->reports, name, options->seed, &failure) != 0) {
        return verb_fail("run", &failure);
    }
    if (signals_open(&signals, &failure) != 0) {
        report_folder_drop(&runner.folder);
        return verb_fail("run", &failure);
    }
    int ran = runner_run(&runner);
    int code = finish(&runner, ran);
    runner_release(&runner);
    signals_close(&signals);
    return code;
}

/* The word behind that option (or itself, as the last one) on the command line, or NULL. */
static const char *names(const struct invocation *invocation, const char *option)
{
    size_t length = strlen(option);
    for (int i = 1; i < invocation->argc; i++) {
        const char *word = invocation->argv[i];
        if (strncmp(word, option, length) == 0 && word[length] == '=') {
            return word + length + 1;
        }
        if (strcmp(word, option) == 0) {
            return i + 1 < invocation->argc ? invocation->argv[i + 1] : word;
        }
    }
    return NULL;
}

/* A revision that does not build has no library: it can be skipped. */
static bool client_is_missing(const struct invocation *invocation)
{
    char path[REPORT_PATH];
    const char *client = names(invocation, "--client");
    if (client == NULL) {
        return false;
    }
    const char *json = strstr(client, ":{");
    (void)snprintf(path, sizeof path, "%.*s",
                   json != NULL ? (int)(json - client) : (int)strlen(client), client);
    return strchr(path, '/') != NULL && access(path, F_OK) != 0;
}

int verb_run(const struct invocation *invocation, int argc, char **argv)
{
    struct run_options options;
    struct failure failure = FAILURE_INIT;
    struct scenario_list scenarios = SCENARIO_LIST_INIT;
    int words;
    int code;
    int parsed = run_options_parse(&options, argc, argv, &words, &failure);
    if (parsed == 1) {
        code = verb_print_help(&help_run);
    } else if (parsed != 0) {
        code = verb_fail("run", &failure);
    } else if (load_scenarios(&scenarios, &options, argv + 1, words, &failure) != 0) {
        (void)fprintf(stderr, "%s%s\n", words == 0 ? "eighth run: " : "", failure.text);
        code = failure_exit_code(&failure);
    } else {
        code = run_all(invocation, &options, &scenarios, argv[1]);
    }
    /* Trials that ran have git's codes already. Without any, git would take 3 for a bad revision;
     * no folder for the reports, no worker, no signals: so it is at each of them. */
    if (names(invocation, "--bisect") != NULL) {
        code = code == EXIT_USAGE       ? bisect_code(code, false, client_is_missing(invocation), 0)
               : code == EXIT_UNDECIDED ? BISECT_ABORT
                                        : code;
    }
    scenario_list_clear(&scenarios);
    run_options_release(&options);
    return code;
}
