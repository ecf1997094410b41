/* SPDX-License-Identifier: MIT
 *
 * eighth verify-fix: the old build, the number of trials that follows, the fixed build, the answer.
 */
#include "harness/cli/verbs.h"
#include "harness/cli/verify_arm.h"
#include "harness/cli/verify_options.h"
#include "harness/report/fix_report.h"
#include "harness/report/report.h"

#include "harness/base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of trials of which only the clean ones count, so many times as many as their share asks for. */
#define SPARE 1.5

struct verification {
    struct verify_setup setup;
    struct verify_arm before;
    struct verify_arm after;
    struct report_folder folder;
    struct fix_answer answer;
    struct fix_rows rows;
    struct failure trouble;
    char started[32];
    uint64_t begun;
};

static int decide(struct verification *all)
{
    const struct verify_options *options = all->setup.options;
    const struct scenario_result *old = verify_arm_result(&all->before);
    const struct scenario_result *fixed = verify_arm_result(&all->after);
    struct fix_trials before = fix_trials_before(old);
    struct fix_trials after = fix_trials_after(fixed);
    fix_rows_release(&all->rows);
    if (fix_rows_make(&all->rows, old, fixed, options->findings.items,
                      (size_t)options->findings.count) != 0) {
        return failure_set(&all->trouble, FAILURE_ENVIRONMENT, "no memory for the findings");
    }
    fix_decide(&before, &after, all->rows.items, all->rows.count, all->rows.new_signatures,
               options->confidence, &all->answer);
    return 0;
}

/* ---- the two builds ---- */

static int run_before(struct verification *all, const struct verify_order *order)
{
    if (verify_arm_run(&all->before, &all->setup, order, &all->folder, &all->trouble) != 0) {
        return -1;
    }
    return decide(all);
}

static int run_after(struct verification *all, const struct verify_order *order)
{
    return verify_arm_prepare(&all->after, &all->setup, order, &all->trouble) != 0
               ? -1
               : verify_arm_run(&all->after, &all->setup, order, &all->folder, &all->trouble);
}

static void tell_plan(const struct verification *all, uint64_t trials)
{
    struct fix_trials before = fix_trials_before(verify_arm_result(&all->before));
    if (!all->setup.options->quiet) {
        (void)fprintf(stderr,
                      "eighth verify-fix: the old build failed in %" PRIu64 " of %" PRIu64
                      " trials; %" PRIu64 " clean ones prove a fix; running %" PRIu64 "\n",
                      before.failed, before.run, all->answer.needed, trials);
    }
}

/* Where some bugs are not judged, the first finding need not be one that counts. */
static bool judges_all(const struct verification *all)
{
    for (size_t i = 0; i < all->rows.count; i++) {
        if (!all->rows.items[i].judged) {
            return false;
        }
    }
    return true;
}

/* As many as must be clean, and room for those that will die of what is not judged. */
static uint64_t trials_to_run(const struct verification *all)
{
    uint64_t run = fix_trials_before(verify_arm_result(&all->before)).run;
    uint64_t most = all->setup.options->most;
    double clean = (double)(run - all->rows.spoiled) / (double)run;
    double trials = (double)all->answer.needed;
    if (all->rows.spoiled > 0) {
        trials = SPARE * trials / clean;
    }
    return trials < (double)most ? (uint64_t)trials : most;
}

/* Without a control there is no number of trials that would say anything. */
static int run_both(struct verification *all, const struct verify_order *control)
{
    const struct verify_options *options = all->setup.options;
    if (run_before(all, control) != 0 || all->setup.signals->stop != 0 ||
        all->answer.reason == FIX_NO_CONTROL) {
        return all->trouble.kind == FAILURE_NONE ? 0 : -1;
    }
    struct verify_order order = {
        .role = "after",
        .client = options->after,
        .trials = trials_to_run(all),
        .until_finding = judges_all(all),
        .timed = true,
        .seed = all->before.options.seed,
        .has_seed = true,
    };
    tell_plan(all, order.trials);
    int result = run_after(all, &order);
    return decide(all) != 0 ? -1 : result;
}

/* ---- the report ---- */

static struct fix_side side_of(const struct verify_arm *arm, char *path, size_t capacity)
{
    const struct scenario_result *result = verify_arm_result(arm);
    (void)snprintf(path, capacity, "%.*s/report.json", REPORT_PATH, arm->runner.folder.path);
    return (struct fix_side){result, result != NULL ? path : ""};
}

static const char *stop_reason(const struct verification *all)
{
    return all->trouble.kind != FAILURE_NONE ? all->trouble.text
           : all->setup.signals->stop != 0   ? "interrupted"
                                             : "";
}

static cJSON *build_report(const struct verification *all)
{
    char before[REPORT_PATH + 32];
    char after[REPORT_PATH + 32];
    struct fix_run run = {
        .name = all->setup.options->name,
        .seed = all->before.options.seed,
        .started = all->started,
        .begun = all->begun,
        .stopped = stop_reason(all),
        .command = (const char *const *)all->setup.invocation->argv,
        .confidence = all->setup.options->confidence,
        .before = side_of(&all->before, before, sizeof before),
        .after = side_of(&all->after, after, sizeof after),
        .answer = &all->answer,
        .rows = &all->rows,
    };
    return fix_report_build(&run);
}

static int write_report(const struct verification *all, const cJSON *report,
                        struct failure *failure)
{
    char *text = report != NULL ? report_print(report) : NULL;
    if (text == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the report");
    }
    int result = report_folder_write(&all->folder, "verify-fix.json", text, strlen(text), failure);
    free(text);
    return result;
}

static int tell(const struct verification *all)
{
    struct failure failure = FAILURE_INIT;
    struct buffer text = BUFFER_INIT;
    cJSON *report = build_report(all);
    int written = write_report(all, report, &failure);
    if (!all->setup.options->quiet) {
        form_fix(report, &text);
        (void)fputs(buffer_text(&text), stdout);
    }
    buffer_clear(&text);
    cJSON_Delete(report);
    if (written != 0) {
        return verb_fail("verify-fix", &failure);
    }
    (void)printf("%s/verify-fix.json\n", all->folder.path);
    return verb_flush("verify-fix");
}

/* A finding of the fixed build beats trouble: what was seen was seen. */
static int exit_code(const struct verification *all, int told)
{
    static const int codes[] = {EXIT_PASS, EXIT_FINDINGS, EXIT_UNDECIDED};
    int code = codes[all->answer.verdict];
    if (code == EXIT_FINDINGS) {
        return code;
    }
    if (all->trouble.kind != FAILURE_NONE) {
        return failure_exit_code(&all->trouble);
    }
    return code == EXIT_PASS && all->setup.signals->stop != 0 ? EXIT_UNDECIDED
           : code == EXIT_PASS                                ? told
                                                              : code;
}

/* ---- the verb ---- */

/* What is wrong with the fixed build's options is said before the old one runs. */
static int check_after(const struct verification *all, struct failure *failure)
{
    struct verify_arm arm;
    struct verify_order order = {.role = "after", .client = all->setup.options->after, .trials = 1};
    verify_arm_init(&arm);
    int result = verify_arm_prepare(&arm, &all->setup, &order, failure);
    verify_arm_release(&arm);
    return result;
}

static int verify(struct verification *all, const struct verify_order *control)
{
    const struct verify_options *options = all->setup.options;
    if (check_after(all, &all->trouble) != 0 ||
        verify_arm_prepare(&all->before, &all->setup, control, &all->trouble) != 0 ||
        report_folder_make(&all->folder, options->reports, options->name, all->before.options.seed,
                           &all->trouble) != 0) {
        return verb_fail("verify-fix", &all->trouble);
    }
    if (signals_open(all->setup.signals, &all->trouble) != 0) {
        report_folder_drop(&all->folder);
        return verb_fail("verify-fix", &all->trouble);
    }
    if (decide(all) != 0 || run_both(all, control) != 0) {
        (void)verb_fail("verify-fix", &all->trouble);
    }
    int told = tell(all);
    int code = exit_code(all, told);
    signals_close(all->setup.signals);
    return code;
}

int verb_verify_fix(const struct invocation *invocation, int argc, char **argv)
{
    struct verify_options options;
    struct layout layout;
    struct signals signals;
    struct failure failure = FAILURE_INIT;
    int words;
    int parsed = verify_options_parse(&options, argc, argv, &words, &failure);
    if (parsed == 1) {
        return verb_print_help(&help_verify_fix);
    }
    if (parsed != 0 || layout_find(&layout, &failure) != 0) {
        return verb_fail("verify-fix", &failure);
    }
    struct verification *all = calloc(1, sizeof *all);
    if (all == NULL) {
        (void)failure_set(&failure, FAILURE_ENVIRONMENT, "no memory");
        return verb_fail("verify-fix", &failure);
    }
    all->setup = (struct verify_setup){
        .invocation = invocation,
        .options = &options,
        .scenario = argv[1],
        .layout = &layout,
        .signals = &signals,
    };
    all->begun = clock_now();
    clock_rfc3339(all->started, sizeof all->started);
    struct verify_order control = {
        .role = "before", .client = options.before, .trials = options.control};
    int code = verify(all, &control);
    fix_rows_release(&all->rows);
    verify_arm_release(&all->after);
    verify_arm_release(&all->before);
    free(all);
    return code;
}
