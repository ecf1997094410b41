/* SPDX-License-Identifier: MIT
 *
 * From the command line to two reports, and from these to what is judged.
 */
#include "harness/cli/contest.h"

#include "harness/base/clock.h"
#include "harness/cli/baseline.h"
#include "harness/report/compare_read.h"
#include "harness/report/json.h"
#include "harness/report/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME_EACH (60 * NS_PER_S) /* for a scenario, without --max-time */
#define TIME_CALLGRIND (180 * NS_PER_S)

/* ---- load ---- */

static int load_scenarios(struct contestant *side, char **words, int count, struct failure *failure)
{
    const struct word_list *sets = &side->options.run.sets;
    for (int i = 0; i < count; i++) {
        if (scenario_load(&side->scenarios, words[i], sets->items, sets->count, failure) != 0) {
            return -1;
        }
    }
    return 0;
}

static int load_report(struct contestant *side, const char *path, struct failure *failure)
{
    (void)snprintf(side->path, sizeof side->path, "%s", path);
    side->report = report_read(path, failure);
    return side->report != NULL ? report_check(side->report, path, failure) : -1;
}

static int load_baseline(struct contestant *side, struct failure *failure)
{
    char path[REPORT_PATH + 256];
    baseline_path(side->options.run.reports, side->options.baseline_report, path, sizeof path);
    if (access(path, F_OK) != 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "there is no baseline %s: no such report, and no %s; `eighth run "
                           "--save-baseline NAME` keeps one",
                           side->options.baseline_report, path);
    }
    return load_report(side, path, failure);
}

static int need_scenarios(int count, struct failure *failure)
{
    return count > 0 ? 0
                     : failure_set(failure, FAILURE_USAGE,
                                   "on which scenario? Give a file or a folder, such as "
                                   "scenarios/compare.json");
}

/* Both sides run, or one, or none. */
static int choose_mode(struct contest *contest, int count, struct failure *failure)
{
    const struct compare_options *options = &contest->sides[SIDE_CANDIDATE].options;
    bool baseline = options->given[SIDE_BASELINE];
    bool candidate = options->given[SIDE_CANDIDATE];
    bool kept = options->baseline_report != NULL;
    if (baseline && kept) {
        return failure_set(failure, FAILURE_USAGE,
                           "--baseline and --baseline-report are two baselines: give one");
    }
    if (candidate && (baseline || kept)) {
        contest->mode = baseline ? COMPARE_LIVE : COMPARE_HALF;
        return need_scenarios(count, failure);
    }
    if (baseline || candidate) {
        return failure_set(failure, FAILURE_USAGE, "--%s alone: a comparison needs --%s, too%s",
                           baseline ? "baseline" : "candidate", baseline ? "candidate" : "baseline",
                           candidate ? " (or --baseline-report)" : "");
    }
    contest->mode = COMPARE_RECORDED;
    if (count != (kept ? 1 : 2)) {
        return failure_set(failure, FAILURE_USAGE,
                           "what is compared? Give --baseline LIBRARY --candidate LIBRARY and a "
                           "scenario, or two reports");
    }
    return 0;
}

static void remark_new(struct contest *contest, const char *name, const char *flavor)
{
    buffer_printf(&contest->remarks, "scenario \"%s\" (%s) is not in the baseline: not compared\n",
                  name, flavor);
}

/* Scenarios that the recorded baseline does not have are left out, and said so. */
static int keep_common(struct contest *contest, struct failure *failure)
{
    const struct contestant *a = &contest->sides[SIDE_BASELINE];
    struct contestant *b = &contest->sides[SIDE_CANDIDATE];
    const char *flavor = b->options.run.flavor->name;
    struct scenario_list *list = &b->scenarios;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct scenario *scenario = list->items[i];
        size_t before = 0;
        for (size_t k = 0; k < kept; k++) {
            before += strcmp(list->items[k]->name, scenario->name) == 0 &&
                      strcmp(list->items[k]->combination, scenario->combination) == 0;
        }
        if (compare_nth(a->report, scenario->name, flavor, scenario->combination, before) != NULL) {
            list->items[kept++] = scenario;
        } else {
            remark_new(contest, scenario->name, flavor);
            scenario_free(scenario);
        }
    }
    list->count = kept;
    return kept > 0 ? 0
                    : failure_set(failure, FAILURE_USAGE,
                                  "the baseline %s has none of these scenarios in flavor %s",
                                  a->path, flavor);
}

int contest_load(struct contest *contest, char **words, int count, struct failure *failure)
{
    struct contestant *a = &contest->sides[SIDE_BASELINE];
    struct contestant *b = &contest->sides[SIDE_CANDIDATE];
    if (choose_mode(contest, count, failure) != 0) {
        return -1;
    }
    if (contest->mode != COMPARE_LIVE && b->options.valgrind[0] != '\0') {
        return failure_set(failure, FAILURE_USAGE,
                           "--callgrind runs both sides: give --baseline and --candidate");
    }
    if (contest->mode == COMPARE_RECORDED) {
        const struct compare_options *options = &b->options;
        if (options->trials > 0 || options->max_time_ns > 0 || options->sequential ||
            options->run.sets.count > 0) {
            return failure_set(failure, FAILURE_USAGE,
                               "two reports are compared as they are: --trials, --max-time, "
                               "--sequential and --set are for sides that run");
        }
        int read = a->options.baseline_report != NULL ? load_baseline(a, failure)
                                                      : load_report(a, words[0], failure);
        return read != 0 ? -1 : load_report(b, words[count - 1], failure);
    }
    a->runs = contest->mode == COMPARE_LIVE;
    b->runs = true;
    if ((a->runs ? load_scenarios(a, words, count, failure) : load_baseline(a, failure)) != 0 ||
        load_scenarios(b, words, count, failure) != 0) {
        return -1;
    }
    if (!a->runs) {
        return keep_common(contest, failure);
    }
    if (a->scenarios.count != b->scenarios.count) {
        return failure_set(failure, FAILURE_USAGE,
                           "the sides have different scenarios: a matrix varies the client");
    }
    return 0;
}

/* ---- run ---- */

static int begin_side(struct contest *contest, struct contestant *side, const char *name)
{
    struct runner *runner = &side->runner;
    runner->options = &side->options.run;
    runner->command = (const char *const *)contest->invocation->argv;
    runner->program = contest->invocation->program;
    runner->scenarios = &side->scenarios;
    runner->layout = &contest->layout;
    runner->signals = &contest->signals;
    runner->progress = &contest->progress;
    runner->name = name;
    runner->flavors[0] = side->options.run.flavor;
    runner->flavor_count = 1;
    (void)snprintf(runner->folder.path, sizeof runner->folder.path, "%.*s/%s",
                   (int)sizeof runner->folder.path - 32, contest->folder.path, name);
    (void)snprintf(side->path, sizeof side->path, "%s/report.json", runner->folder.path);
    if (mkdir(runner->folder.path, 0777) != 0) {
        return failure_errno(&contest->trouble, FAILURE_ENVIRONMENT, errno, "cannot make %s",
                             runner->folder.path);
    }
    if (runner_begin(runner) != 0) {
        contest->trouble = runner->trouble;
        return -1;
    }
    return 0;
}

static int make_rounds(struct contest *contest)
{
    const struct contestant *b = &contest->sides[SIDE_CANDIDATE];
    size_t count =
        b->runs ? b->scenarios.count : (size_t)cJSON_GetArraySize(json_get(b->report, "scenarios"));
    contest->rounds = calloc(count + 1, sizeof *contest->rounds);
    contest->compared = calloc(count + 1, sizeof *contest->compared);
    contest->origins = calloc(count + 1, sizeof *contest->origins);
    if (contest->rounds == NULL || contest->compared == NULL || contest->origins == NULL) {
        return failure_set(&contest->trouble, FAILURE_ENVIRONMENT, "no memory");
    }
    for (size_t i = 0; i < count; i++) {
        contest->rounds[i].settings = b->options.settings;
    }
    contest->count = count;
    return 0;
}

/* The report of a side as it stands; the caller frees it if it is not the side's own. */
static cJSON *report_now(struct contestant *side)
{
    return side->runs ? runner_report(&side->runner, false) : side->report;
}

int contest_look(struct contest *contest, size_t i, struct failure *failure)
{
    struct round *round = &contest->rounds[i];
    cJSON *reports[SIDES];
    int result = 0;
    for (size_t s = 0; s < SIDES; s++) {
        reports[s] = report_now(&contest->sides[s]);
    }
    const cJSON *b = cJSON_GetArrayItem(json_get(reports[SIDE_CANDIDATE], "scenarios"), (int)i);
    const cJSON *a = contest->mode == COMPARE_LIVE
                         ? cJSON_GetArrayItem(json_get(reports[SIDE_BASELINE], "scenarios"), (int)i)
                         : compare_partner(reports[SIDE_BASELINE], reports[SIDE_CANDIDATE], b);
    if (a == NULL || b == NULL) {
        result = failure_set(failure, FAILURE_USAGE,
                             "the baseline %s has no scenario \"%s\" of that flavor",
                             contest->sides[SIDE_BASELINE].path, json_get_text(b, "name"));
    }
    const cJSON *both[SIDES] = {a, b};
    compare_scenario_release(&contest->compared[i]);
    for (size_t s = 0; s < SIDES && result == 0; s++) {
        compare_side_release(&round->sides[s]);
        result = compare_side_read(&round->sides[s], both[s], failure);
    }
    if (result == 0) {
        const struct compare_side *first = &round->sides[SIDE_BASELINE];
        const struct compare_side *second = &round->sides[SIDE_CANDIDATE];
        round->settings.same_build = !contest->sides[SIDE_CANDIDATE].options.same_too &&
                                     compare_side_same_build(first, second);
        result =
            compare_scenario_init(&contest->compared[i], first, second, &round->settings, failure);
        if (result == 0 && round->sequential.used) {
            compare_set_sequential(&contest->compared[i], &round->sequential);
        }
    }
    for (size_t s = 0; s < SIDES; s++) {
        if (reports[s] != contest->sides[s].report) {
            cJSON_Delete(reports[s]);
        }
    }
    return result;
}

static int run_sides(struct contest *contest)
{
    static const char *const names[] = {"baseline", "candidate"};
    const struct compare_options *options = &contest->sides[SIDE_CANDIDATE].options;
    for (size_t s = 0; s < SIDES; s++) {
        if (contest->sides[s].runs && begin_side(contest, &contest->sides[s], names[s]) != 0) {
            return -1;
        }
    }
    if (options->max_time_ns != 0 || !options->sequential) {
        uint64_t each = TIME_EACH + (options->valgrind[0] != '\0' ? TIME_CALLGRIND : 0);
        contest->deadline = contest->begun + (options->max_time_ns != 0 ? options->max_time_ns
                                                                        : each * contest->count);
    }
    for (size_t i = 0; i < contest->count; i++) {
        if (contest->signals.stop != 0) {
            contest->count = i; /* what was compared */
            break;
        }
        if (contest_bout(contest, i) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Recorded scenarios that the baseline does not have are left out, and said so. */
static int read_sides(struct contest *contest)
{
    size_t kept = 0;
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(contest->sides[SIDE_CANDIDATE].report, "scenarios"))
    {
        struct failure failure = FAILURE_INIT;
        const cJSON *partner = compare_partner(contest->sides[SIDE_BASELINE].report,
                                               contest->sides[SIDE_CANDIDATE].report, scenario);
        if (partner == NULL) {
            remark_new(contest, json_get_text(scenario, "name"), json_get_text(scenario, "flavor"));
            continue;
        }
        struct round *round = &contest->rounds[kept];
        if (compare_side_read(&round->sides[SIDE_BASELINE], partner, &failure) != 0 ||
            compare_side_read(&round->sides[SIDE_CANDIDATE], scenario, &failure) != 0) {
            contest->trouble = failure;
            return -1;
        }
        contest->origins[kept++] = scenario;
    }
    contest->count = kept;
    if (kept == 0) {
        return failure_set(&contest->trouble, FAILURE_USAGE,
                           "the reports have no scenario in common (same name, flavor and "
                           "combination)");
    }
    return 0;
}

/* And what only the baseline has, so that nobody takes this for all of it. */
static void remark_missing(struct contest *contest)
{
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(contest->sides[SIDE_BASELINE].report, "scenarios"))
    {
        if (compare_partner(contest->sides[SIDE_CANDIDATE].report,
                            contest->sides[SIDE_BASELINE].report, scenario) == NULL) {
            buffer_printf(&contest->remarks,
                          "scenario \"%s\" (%s) of the baseline was not run on the candidate: not "
                          "compared\n",
                          json_get_text(scenario, "name"), json_get_text(scenario, "flavor"));
        }
    }
}

static int compare_recorded(struct contest *contest)
{
    if (read_sides(contest) != 0) {
        return -1;
    }
    remark_missing(contest);
    for (size_t i = 0; i < contest->count; i++) {
        struct round *round = &contest->rounds[i];
        const struct compare_side *a = &round->sides[SIDE_BASELINE];
        const struct compare_side *b = &round->sides[SIDE_CANDIDATE];
        round->settings.same_build =
            !contest->sides[SIDE_CANDIDATE].options.same_too && compare_side_same_build(a, b);
        if (compare_scenario_init(&contest->compared[i], a, b, &round->settings,
                                  &contest->trouble) != 0) {
            return -1;
        }
    }
    return 0;
}

int contest_run(struct contest *contest)
{
    contest->begun = clock_now();
    clock_rfc3339(contest->started, sizeof contest->started);
    if (make_rounds(contest) != 0) {
        return -1;
    }
    return contest->mode == COMPARE_RECORDED ? compare_recorded(contest) : run_sides(contest);
}

/* ---- finish ---- */

/* The last reports of the sides that ran. */
static int close_side(struct contest *contest, struct contestant *side, struct failure *failure)
{
    if (!side->runs) {
        return 0;
    }
    bool partial = contest->partial || side->runner.trouble.kind != FAILURE_NONE;
    if (runner_write(&side->runner, partial, failure) != 0) {
        return -1;
    }
    side->report = runner_report(&side->runner, partial);
    return side->report != NULL ? 0 : failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
}

int contest_finish(struct contest *contest)
{
    struct failure failure = FAILURE_INIT;
    enum compare_verdict verdict = COMPARE_INCONCLUSIVE;
    int code = EXIT_UNDECIDED;
    contest->partial = contest->signals.stop != 0;
    for (size_t s = 0; s < SIDES; s++) {
        if (close_side(contest, &contest->sides[s], &failure) != 0) {
            return verb_fail("compare", &failure);
        }
        if (contest->sides[s].runner.trouble.kind != FAILURE_NONE) {
            (void)verb_fail("compare", &contest->sides[s].runner.trouble);
        }
    }
    for (size_t i = 0; i < contest->count && contest->mode != COMPARE_RECORDED; i++) {
        contest->origins[i] = cJSON_GetArrayItem(
            json_get(contest->sides[SIDE_CANDIDATE].report, "scenarios"), (int)i);
    }
    contest_doubt(contest);
    if (compare_judge(contest->compared, contest->count, &verdict, &failure) != 0 ||
        contest_tell(contest, contest_trust(contest, verdict), &code, &failure) != 0) {
        return verb_fail("compare", &failure);
    }
    return code;
}

void contest_release(struct contest *contest)
{
    size_t rounds = contest->rounds != NULL ? contest->count : 0;
    for (size_t i = 0; i < rounds; i++) {
        compare_scenario_release(&contest->compared[i]);
        compare_side_release(&contest->rounds[i].sides[SIDE_BASELINE]);
        compare_side_release(&contest->rounds[i].sides[SIDE_CANDIDATE]);
        buffer_clear(&contest->rounds[i].notes);
    }
    free(contest->rounds);
    free(contest->compared);
    free(contest->origins);
    buffer_clear(&contest->remarks);
    for (size_t s = 0; s < SIDES; s++) {
        struct contestant *side = &contest->sides[s];
        cJSON_Delete(side->report);
        runner_release(&side->runner);
        scenario_list_clear(&side->scenarios);
        compare_options_release(&side->options);
    }
}
