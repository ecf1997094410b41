/* SPDX-License-Identifier: MIT
 *
 * Decides what of a scenario callgrind gets to see.
 */
#include "harness/cli/instructions.h"

#include "harness/judge/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A cycle takes a tenth of a second there, and the first ones are no different from the rest but
 * for what the client keeps. */
static const char *const shortened[] = {"load.cycles=10", "load.sample_every=10", "deadline=5m",
                                        "limits.memory=0B", "thresholds={}"};

static bool has_race(const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].kind == STEP_RACE || has_race(steps[i].steps, steps[i].step_count)) {
            return true;
        }
    }
    return false;
}

const char *instructions_unfit(const struct scenario *scenario)
{
    const struct load_model *load = &scenario->load;
    if (scenario->client.exec != NULL) {
        return "the client is an external program";
    }
    if (load->threads != 1 || load->fresh_threads ||
        has_race(scenario->steps, scenario->step_count)) {
        return "the scenario runs the client on more than one thread";
    }
    if (load->stage_count > 0 || load->duration_ns != 0) {
        return "the scenario's load is given as a time, not as a number of cycles";
    }
    return NULL;
}

/* The result takes what the trial comes to, and is forgotten. */
static double run(struct slot *slot, const struct scene *scene, struct scenario *scenario,
                  struct scenario_result *result, uint32_t index)
{
    struct scene copy = *scene;
    double value = NAN;
    result_init(result, scenario, scene->flavor->name);
    copy.scenario = scenario;
    copy.result = result;
    copy.evidence_kept = UINT32_MAX;
    slot->scene = &copy;
    slot_run(slot, index);
    struct trial_figures *figures = figures_of_trial(&slot->record);
    scene_take(&copy, slot);
    if (figures != NULL && result->trials_clean == 1) {
        value = figures->instructions_per_cycle;
    }
    free(figures);
    slot->scene = NULL;
    result_release(result);
    return value;
}

double instructions_count(struct slot *slot, const struct scene *scene, const char *valgrind,
                          uint32_t index)
{
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct scenario_result *result = calloc(1, sizeof *result);
    const char *json = scene->scenario->json;
    double value = NAN;
    if (result != NULL &&
        scenario_parse(&list, scene->scenario->file, json, strlen(json), shortened,
                       sizeof shortened / sizeof shortened[0], NULL) == 0) {
        slot->valgrind = valgrind;
        value = run(slot, scene, list.items[0], result, index);
        slot->valgrind = NULL;
    }
    scenario_list_clear(&list);
    free(result);
    return value;
}
