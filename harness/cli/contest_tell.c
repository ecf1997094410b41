/* SPDX-License-Identifier: MIT
 *
 * What a comparison leaves: files, the table, annotations, a baseline, the exit code.
 */
#include "harness/cli/contest.h"

#include "harness/base/clock.h"
#include "harness/cli/baseline.h"
#include "harness/report/compare_forms.h"
#include "harness/report/json.h"
#include "harness/report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- doubts ---- */

static void doubt_difference(struct contest *contest, const char *key, const char *what)
{
    const cJSON *a = json_get(contest->sides[SIDE_BASELINE].report, "environment");
    const cJSON *b = json_get(contest->sides[SIDE_CANDIDATE].report, "environment");
    const char *first = json_get_text(a, key);
    const char *second = json_get_text(b, key);
    if (strcmp(first, second) != 0) {
        buffer_printf(&contest->remarks, "%s differs: baseline %s, candidate %s\n", what,
                      first[0] != '\0' ? first : "unknown", second[0] != '\0' ? second : "unknown");
    }
}

void contest_doubt(struct contest *contest)
{
    if (contest->mode == COMPARE_LIVE) {
        return;
    }
    buffer_printf(&contest->remarks,
                  "%s recorded apart (baseline %s, candidate %s): what the machine did meanwhile, "
                  "in which order they ran and what else ran there cannot be told from a change of "
                  "the client; --baseline and --candidate together run both in turns\n",
                  contest->mode == COMPARE_RECORDED ? "the sides were" : "the baseline was",
                  json_get_text(contest->sides[SIDE_BASELINE].report, "started"),
                  json_get_text(contest->sides[SIDE_CANDIDATE].report, "started"));
    doubt_difference(contest, "cpu", "the processor");
    doubt_difference(contest, "kernel", "the kernel");
    doubt_difference(contest, "openssl", "OpenSSL of the harness");
    doubt_difference(contest, "eighth", "the version of eighth");
    for (size_t i = 0; i < contest->count; i++) {
        const char *first = contest->rounds[i].sides[SIDE_BASELINE].digest;
        const char *second = contest->rounds[i].sides[SIDE_CANDIDATE].digest;
        if (first[0] != '\0' && second[0] != '\0' && strcmp(first, second) != 0) {
            buffer_puts(
                &contest->rounds[i].notes,
                "the scenario itself differs between the sides, and with it what the client "
                "had to do\n");
        }
    }
    for (size_t s = 0; s < SIDES; s++) {
        if (cJSON_IsTrue(json_get(contest->sides[s].report, "partial"))) {
            buffer_printf(&contest->remarks, "the report of the %s is partial: %s\n",
                          s == SIDE_BASELINE ? "baseline" : "candidate",
                          json_get_text(contest->sides[s].report, "stopped"));
        }
    }
}

enum compare_verdict contest_trust(const struct contest *contest, enum compare_verdict verdict)
{
    bool partial = cJSON_IsTrue(json_get(contest->sides[SIDE_CANDIDATE].report, "partial"));
    return partial && verdict == COMPARE_PASS ? COMPARE_INCONCLUSIVE : verdict;
}

/* ---- files ---- */

static int write_text(const struct contest *contest, const char *name, const char *text,
                      size_t length, struct failure *failure)
{
    return report_folder_write(&contest->folder, name, text, length, failure);
}

static int write_tree(const struct contest *contest, const char *name, const cJSON *tree,
                      struct failure *failure)
{
    char *text = tree != NULL ? report_print(tree) : NULL;
    if (text == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %s", name);
    }
    int result = write_text(contest, name, text, strlen(text), failure);
    free(text);
    return result;
}

static int write_forms(const struct contest *contest, const cJSON *tree, struct failure *failure)
{
    static const struct {
        const char *name;
        void (*form)(const cJSON *comparison, struct buffer *text);
    } forms[] = {{"summary.md", compare_form_markdown}, {"junit.xml", compare_form_junit}};
    int result = write_tree(contest, "compare.json", tree, failure);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0] && result == 0; i++) {
        struct buffer text = BUFFER_INIT;
        forms[i].form(tree, &text);
        result = write_text(contest, forms[i].name, buffer_text(&text), text.length, failure);
        buffer_clear(&text);
    }
    if (result == 0) {
        cJSON *sarif = compare_form_sarif(tree, contest->sides[SIDE_BASELINE].report,
                                          contest->sides[SIDE_CANDIDATE].report);
        result = write_tree(contest, "compare.sarif", sarif, failure);
        cJSON_Delete(sarif);
    }
    return result;
}

static void print(const struct contest *contest, const cJSON *tree)
{
    struct buffer text = BUFFER_INIT;
    const char *actions = getenv("GITHUB_ACTIONS");
    if (!contest->sides[SIDE_CANDIDATE].options.run.quiet) {
        compare_form_terminal(tree, &text);
    }
    if (actions != NULL && strcmp(actions, "true") == 0) {
        compare_form_annotations(tree, &text);
    }
    (void)fputs(buffer_text(&text), stdout);
    (void)printf("%s/compare.json\n", contest->folder.path);
    buffer_clear(&text);
}

static cJSON *build(const struct contest *contest, enum compare_verdict verdict)
{
    const struct compare_options *options = &contest->sides[SIDE_CANDIDATE].options;
    struct buffer *notes = calloc(contest->count + 1, sizeof *notes);
    if (notes == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < contest->count; i++) {
        notes[i] = contest->rounds[i].notes; /* borrowed */
    }
    struct compare_run run = {
        .mode = contest->mode,
        .started = contest->started,
        .seconds = (double)(clock_now() - contest->begun) / (double)NS_PER_S,
        .seed = options->run.seed,
        .partial = contest->partial,
        .stopped = contest->partial ? "interrupted" : "",
        .command = (const char *const *)contest->invocation->argv,
        .a_path = contest->sides[SIDE_BASELINE].path,
        .b_path = contest->sides[SIDE_CANDIDATE].path,
        .a_report = contest->sides[SIDE_BASELINE].report,
        .b_report = contest->sides[SIDE_CANDIDATE].report,
        .settings = &options->settings,
        .fail_on = options->fail_on,
        .scenarios = contest->compared,
        .origins = contest->origins,
        .count = contest->count,
        .verdict = verdict,
        .notes = notes,
        .remarks = &contest->remarks,
    };
    cJSON *tree = compare_build(&run);
    free(notes);
    return tree;
}

static int code_of(const cJSON *tree)
{
    const char *verdict = json_get_text(tree, "verdict");
    return strcmp(verdict, "pass") == 0         ? EXIT_PASS
           : strcmp(verdict, "regression") == 0 ? EXIT_FINDINGS
                                                : EXIT_UNDECIDED;
}

/* A regression becomes no baseline. */
static int keep_baseline(struct contest *contest, const cJSON *tree, struct failure *failure)
{
    const struct contestant *side = &contest->sides[SIDE_CANDIDATE];
    char path[REPORT_PATH + 256];
    if (side->options.save_baseline == NULL) {
        return 0;
    }
    if (code_of(tree) == EXIT_FINDINGS) {
        buffer_printf(&contest->remarks, "baseline %s was not saved: this is a regression\n",
                      side->options.save_baseline);
        return 0;
    }
    int result = baseline_save(side->options.run.reports, side->options.save_baseline, side->report,
                               path, sizeof path, failure);
    if (result == 0) {
        buffer_printf(&contest->remarks, "the candidate's report is kept as baseline: %s\n", path);
    }
    return result;
}

int contest_tell(struct contest *contest, enum compare_verdict verdict, int *code,
                 struct failure *failure)
{
    cJSON *tree = build(contest, verdict);
    int result = tree != NULL ? 0 : failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    if (result == 0 && contest->sides[SIDE_CANDIDATE].options.save_baseline != NULL) {
        result = keep_baseline(contest, tree, failure);
        cJSON_Delete(tree);
        tree = build(contest, verdict); /* with the remark about it */
    }
    if (result == 0) {
        result = write_forms(contest, tree, failure);
    }
    if (result == 0) {
        print(contest, tree);
        *code = code_of(tree);
        int printed = verb_flush("compare");
        *code = *code == EXIT_PASS ? printed : *code;
    }
    cJSON_Delete(tree);
    return result;
}
