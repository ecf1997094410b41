/* SPDX-License-Identifier: MIT
 *
 * Scenario by scenario, flavor by flavor: trials, verdict.
 */
#include "harness/cli/runner.h"

#include "harness/base/clock.h"
#include "harness/cli/repetition.h"
#include "harness/cli/scene.h"
#include "harness/judge/threshold.h"
#include "harness/judge/verdict.h"
#include "harness/watch/instrumentation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Partial reports take at most this share of the time. */
#define REPORT_SHARE 20

static uint64_t planned_time(const struct load_model *load)
{
    uint64_t sum = load->duration_ns;
    for (size_t i = 0; i < load->stage_count; i++) {
        sum += load->stages[i].duration_ns;
    }
    return sum;
}

void runner_show_progress(struct runner *runner, const struct scene *scene, struct slot *slots,
                          size_t count)
{
    const struct scenario *scenario = scene->scenario;
    if (!runner->progress->shown) {
        return;
    }
    struct progress_figures figures = {
        .scenario = scenario->name,
        .flavor = scene->flavor->name,
        .trial = scene->result->trials_run + 1,
        .trials = scene->rules.trials,
        .cycles = scene->cycles_before,
        .cycles_planned = scenario->load.cycles * scenario->load.clients * scene->rules.trials,
        .trial_elapsed = count == 1 ? clock_now() - slots[0].record.begun : 0,
        .trial_planned = planned_time(&scenario->load),
        .time_planned = scene->rules.time_ns,
        .findings = scene->result->findings.count,
    };
    for (size_t i = 0; i < count; i++) {
        figures.cycles += atomic_load_explicit(&slots[i].cycles, memory_order_relaxed);
        figures.findings += atomic_load_explicit(&slots[i].findings, memory_order_relaxed);
    }
    progress_draw(runner->progress, &figures);
}

void runner_keep(struct runner *runner, struct scene *scene)
{
    struct failure failure = FAILURE_INIT;
    uint64_t now = clock_now();
    if (now - runner->report_written < runner->report_cost * REPORT_SHARE) {
        return;
    }
    verdict_judge(scene->result, false);
    if (runner_write(runner, true, &failure) != 0) {
        runner->trouble = failure;
        scene->stopped = true;
    }
    runner->report_written = clock_now();
    runner->report_cost = runner->report_written - now;
}

static void heard(struct slot *slot)
{
    runner_show_progress(slot->scene->runner, slot->scene, slot, 1);
}

/* One trial after the other, in this thread. */
static enum stop_rule run_in_turn(struct runner *runner, struct scene *scene)
{
    struct slot slot;
    enum stop_rule rule;
    slot_init(&slot, scene, runner->signals);
    slot.heard = heard;
    for (uint32_t index = 0; (rule = scene_next(scene, index)) == STOP_NOT; index++) {
        slot_run(&slot, index);
        scene_take(scene, &slot);
        if (scene_next(scene, index + 1) == STOP_NOT) {
            runner_keep(runner, scene);
        }
    }
    slot_release(&slot);
    return rule;
}

static void tell_end(struct scene *scene, enum stop_rule rule)
{
    struct scenario_result *result = scene->result;
    struct buffer text = BUFFER_INIT;
    stop_rule_tell(&scene->rules, rule, result->trials_run, &text);
    result->stop_rule = stop_rule_name(rule);
    (void)snprintf(result->stop_text, sizeof result->stop_text, "%s", buffer_text(&text));
    buffer_clear(&text);
    result->interrupted = result->interrupted || rule == STOP_INTERRUPTED;
}

void runner_end_scene(struct scene *scene, enum stop_rule rule)
{
    struct scenario_result *result = scene->result;
    tell_end(scene, rule);
    if (result->trials_run > result->trials_infra || result->interrupted) {
        threshold_judge(result);
    }
    verdict_judge(result, true);
    scene_release(scene);
}

static void run_scenario(struct runner *runner, const struct scenario *scenario,
                         const struct flavor *flavor, struct scenario_result *result)
{
    struct scene scene;
    struct failure failure = FAILURE_INIT;
    enum stop_rule rule = STOP_TROUBLE;
    progress_begin(runner->progress);
    if (scene_prepare(&scene, runner, scenario, flavor, result, &failure) != 0) {
        scene_give_up(&scene, &failure);
    } else if (runner->options->jobs > 1) {
        rule = runner_run_jobs(runner, &scene);
    } else {
        rule = run_in_turn(runner, &scene);
    }
    repetition_run(runner, &scene);
    progress_clear(runner->progress);
    runner_end_scene(&scene, rule);
}

struct scenario_result *runner_new_result(struct runner *runner, const struct scenario *scenario,
                                          const struct flavor *flavor)
{
    struct scenario_result *result = malloc(sizeof *result);
    if (result == NULL) {
        (void)failure_set(&runner->trouble, FAILURE_ENVIRONMENT, "no memory");
        return NULL;
    }
    result_init(result, scenario, flavor->name);
    runner->results[runner->result_count++] = result;
    return result;
}

/* The flavor without which the scenario's library cannot be loaded; NULL: none, or it is wrong,
 * which its run will say. */
static const char *flavor_needed(const struct runner *runner, const struct scenario *scenario)
{
    char worker[LAYOUT_PATH + 64];
    char library[LAYOUT_PATH + 64];
    struct instrumentation needs;
    if (scenario->client.library == NULL ||
        layout_worker(runner->layout, "plain", worker, sizeof worker, NULL) != 0 ||
        layout_library(runner->layout, "plain", scenario->client.library, library, sizeof library,
                       NULL) != 0 ||
        instrumentation_of(library, worker, &needs, NULL) != 0) {
        return NULL;
    }
    return needs.flavor;
}

/* Whether a library that runs in one flavor only (see scene.c) has had its turn, or will have it,
 * when another flavor than this one comes. */
static bool runs_elsewhere(const struct runner *runner, const struct scenario *scenario,
                           size_t which)
{
    const char *needs = flavor_needed(runner, scenario);
    if (needs == NULL || strcmp(runner->flavors[which]->built, needs) == 0) {
        return false;
    }
    for (size_t i = 0; i < runner->flavor_count; i++) {
        if (strcmp(runner->flavors[i]->built, needs) == 0) {
            return true;
        }
    }
    return which > 0;
}

/* The i-th pair of scenario and flavor. */
static int run_one(struct runner *runner, size_t i)
{
    const struct scenario *scenario = runner->scenarios->items[i / runner->flavor_count];
    const struct flavor *flavor = runner->flavors[i % runner->flavor_count];
    if (scenario->client.exec != NULL && !flavor_runs_programs(flavor) &&
        runner->flavor_count > 1) {
        return 0; /* its other flavors say so */
    }
    if (runs_elsewhere(runner, scenario, i % runner->flavor_count)) {
        return 0;
    }
    struct scenario_result *result = runner_new_result(runner, scenario, flavor);
    if (result == NULL) {
        return -1;
    }
    for (size_t n = 0; n < runner->missing_count && i % runner->flavor_count == 0; n++) {
        char note[160];
        (void)snprintf(note, sizeof note,
                       "flavor %s was not run: it is not built (`make FLAVOR=%s`)",
                       runner->missing[n]->name, runner->missing[n]->built);
        result_note(result, note);
    }
    if (scenario->client.exec != NULL && runner->flavor_count > 1) {
        result_note(result, "external programs run in the flavors plain and poison only: eighth "
                            "does not build them");
    }
    run_scenario(runner, scenario, flavor, result);
    return 0;
}

int runner_begin(struct runner *runner)
{
    runner->begun = clock_now();
    clock_rfc3339(runner->started, sizeof runner->started);
    runner->result_capacity = runner->scenarios->count * runner->flavor_count;
    runner->results = calloc(runner->result_capacity, sizeof *runner->results);
    if (runner->results == NULL) {
        return failure_set(&runner->trouble, FAILURE_ENVIRONMENT, "no memory");
    }
    /* From now on there is a report, whatever happens to this process. */
    return runner_write(runner, true, &runner->trouble);
}

int runner_run(struct runner *runner)
{
    struct failure failure = FAILURE_INIT;
    if (runner_begin(runner) != 0) {
        return -1;
    }
    for (size_t i = 0; i < runner->result_capacity && !signals_take(runner->signals); i++) {
        if (run_one(runner, i) != 0) {
            return -1;
        }
        bool last = i + 1 == runner->result_capacity;
        if (!last && runner_write(runner, true, &failure) != 0) {
            runner->trouble = failure;
            return -1;
        }
    }
    return 0;
}

void runner_release(struct runner *runner)
{
    for (size_t i = 0; i < runner->result_count; i++) {
        result_release(runner->results[i]);
        free(runner->results[i]);
    }
    free(runner->results);
    runner->results = NULL;
    runner->result_count = 0;
}
