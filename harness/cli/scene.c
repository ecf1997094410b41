/* SPDX-License-Identifier: MIT
 *
 * Runs single trials and takes in what they leave.
 */
#include "harness/cli/scene.h"

#include "harness/base/clock.h"
#include "harness/base/prf.h"
#include "harness/cli/evidence.h"
#include "harness/judge/rate.h"
#include "harness/programs/binary.h"
#include "harness/report/build_id.h"
#include "harness/watch/instrumentation.h"
#include "harness/watch/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Trials of a scenario whose raw evidence is kept. */
#define EVIDENCE_KEPT 10
/* A machine that fails this often in a row will not get better by itself. */
#define INFRA_IN_A_ROW 5

static int find_program(struct scene *scene, struct failure *failure)
{
    const struct scenario *scenario = scene->scenario;
    const char *search = getenv("PATH");
    (void)snprintf(scene->worker, sizeof scene->worker, "%s", scene->runner->layout->self);
    return binary_find(scenario->client.exec[0], search != NULL ? search : "/usr/bin:/bin",
                       scene->library, sizeof scene->library, failure);
}

/* A sanitizer's runtime must be in the worker before what was built with it comes: such a library,
 * or one that needs such a library, runs in the flavor that has it, whatever flavor was asked for.
 */
static int follow_library(struct scene *scene, struct failure *failure)
{
    struct instrumentation needs;
    char note[1600];
    if (instrumentation_of(scene->library, scene->worker, &needs, failure) != 0) {
        return -1;
    }
    scene->undefined = needs.undefined;
    if (needs.flavor == NULL || strcmp(needs.flavor, scene->flavor->built) == 0) {
        return 0;
    }
    if (layout_worker(scene->runner->layout, needs.flavor, scene->worker, sizeof scene->worker,
                      failure) != 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "client library %s%s%s was built with %s, and there is no worker with "
                           "it: `make FLAVOR=%s` builds one",
                           scene->library, needs.where[0] != '\0' ? ": " : "", needs.where,
                           needs.name, needs.flavor);
    }
    (void)snprintf(note, sizeof note, "ran in flavor %s instead of %s: %s was built with %s",
                   needs.flavor, scene->flavor->name,
                   needs.where[0] != '\0' ? needs.where : "the client library", needs.name);
    result_note(scene->result, note);
    scene->flavor = flavor_named(needs.flavor);
    scene->result->flavor = scene->flavor->name;
    return 0;
}

static int find_client(struct scene *scene, struct failure *failure)
{
    const struct scenario *scenario = scene->scenario;
    const struct layout *layout = scene->runner->layout;
    const char *built = scene->flavor->built;
    if (scenario->client.exec != NULL) {
        return find_program(scene, failure);
    }
    if (layout_worker(layout, built, scene->worker, sizeof scene->worker, failure) != 0 ||
        layout_library(layout, built, scenario->client.library, scene->library,
                       sizeof scene->library, failure) != 0) {
        return -1;
    }
    return follow_library(scene, failure);
}

/* What cannot be seen at a server that is not ours, or was not asked for. */
static void note_checks_off(struct scenario_result *result, const struct scenario *scenario)
{
    const struct target_model *target = &scenario->target;
    if (target->kind == TARGET_ADDRESS) {
        result_note(result, target->nonce
                                ? "checks that were off: what the server saw (it has no ledger)"
                                : "checks that were off: cross-talk (target.nonce is false), and "
                                  "what the server saw (it has no ledger)");
    }
    if (scenario->client.pools) {
        result_note(result, "checks that were off: that each connect makes a connection "
                            "(client.pools is true; see connections_at_target for how many there "
                            "were), and on which connection a fault of the target explains a "
                            "failure: one that it carried out on any does");
    }
    if (!scenario->client.interposition && scenario->client.exec == NULL) {
        result_note(result, "checks that were off: misuse of descriptors, who opened those that "
                            "stay open, and who made TLS objects or started threads that stay "
                            "(client.interposition is false)");
    }
    if (!scenario->client.verify) {
        result_note(result, "certificates were not verified: client.verify is false");
    }
}

int scene_prepare(struct scene *scene, struct runner *runner, const struct scenario *scenario,
                  const struct flavor *flavor, struct scenario_result *result,
                  struct failure *failure)
{
    const struct run_options *options = runner->options;
    memset(scene, 0, sizeof *scene);
    scene->runner = runner;
    scene->scenario = scenario;
    scene->flavor = flavor;
    scene->result = result;
    scene->begun = clock_now();
    scene->rules = run_options_rules(options, scenario->trials);
    result->trials_planned = scene->rules.trials;
    result->jobs = options->jobs;
    note_checks_off(result, scenario);
    if (remote_check(scenario, options->allowed.items, options->allowed.count, failure) != 0 ||
        needs_of(&scene->needs, scenario, failure) != 0 || find_client(scene, failure) != 0 ||
        flavor_environment(scene->flavor, environ, &scene->environment, failure) != 0) {
        return -1;
    }
    (void)snprintf(result->client_path, sizeof result->client_path, "%.1000s", scene->library);
    build_id_read(scene->library, result->client_build_id, sizeof result->client_build_id);
    return 0;
}

void scene_release(struct scene *scene)
{
    flavor_environment_free(scene->environment);
    scene->environment = NULL;
}

enum stop_rule scene_next(const struct scene *scene, uint64_t begun)
{
    if (scene->stopped) {
        return STOP_TROUBLE;
    }
    if (scene->result->interrupted) {
        return STOP_INTERRUPTED;
    }
    enum stop_rule rule = stop_rule_check(
        &scene->rules, begun, scene->result->trials_with_findings > 0, clock_now() - scene->begun);
    return rule == STOP_NOT && scene->runner->signals->stop != 0 ? STOP_INTERRUPTED : rule;
}

void scene_give_up(struct scene *scene, const struct failure *failure)
{
    struct runner *runner = scene->runner;
    char key[160];
    if (failure->kind == FAILURE_USAGE) { /* more trials would not tell more */
        result_note(scene->result, failure->text);
    } else {
        (void)snprintf(key, sizeof key, "infra/%.140s", failure->text);
        (void)finding_list_add(&scene->result->findings,
                               finding_new(FINDING_INFRA, key, failure->text), 0, 0);
    }
    if (runner->trouble.kind == FAILURE_NONE || failure->kind == FAILURE_USAGE) {
        runner->trouble = *failure;
    }
    scene->stopped = true;
}

/* ---- slots ---- */

void slot_init(struct slot *slot, struct scene *scene, struct signals *signals)
{
    memset(slot, 0, sizeof *slot);
    slot->scene = scene;
    slot->signals = signals;
    target_process_init(&slot->target);
    trial_init(&slot->record);
}

void slot_release(struct slot *slot)
{
    if (slot->has_target) {
        target_process_stop(&slot->target);
        slot->has_target = false;
    }
    tracing_close(&slot->tracing);
}

/* A target that is fit for the next trial: one that died, or that connections would not leave, is
 * replaced. */
static int ready_target(struct slot *slot)
{
    const struct scene *scene = slot->scene;
    if (scene->scenario->target.kind != TARGET_EMBEDDED || slot->has_target) {
        return 0;
    }
    if (target_process_start(&slot->target, scene->scenario, scene->runner->layout,
                             scene->needs.target_limit, slot->signals, &slot->failure) != 0) {
        return -1;
    }
    slot->has_target = true;
    return 0;
}

static void listen_to(void *context, struct trial_record *record, struct target_process *target,
                      bool final)
{
    struct slot *slot = context;
    struct logbook_counters sum;
    trial_judge_listen(&slot->judge, record, target, final);
    result_sum_lanes(record, &sum);
    atomic_store_explicit(&slot->cycles, sum.cycles_completed + sum.cycles_failed,
                          memory_order_relaxed);
    atomic_store_explicit(&slot->findings, slot->judge.observations.findings.count,
                          memory_order_relaxed);
    if (slot->heard != NULL) {
        slot->heard(slot);
    }
}

void slot_run(struct slot *slot, uint32_t index)
{
    const struct scene *scene = slot->scene;
    trial_judge_init(&slot->judge, scene->scenario);
    trial_init(&slot->record);
    slot->record.index = index;
    slot->failure.kind = FAILURE_NONE;
    if (ready_target(slot) != 0 ||
        (slot->tracing.symbols == NULL && tracing_open(&slot->tracing, &slot->failure) != 0)) {
        return;
    }
    struct trial_setup setup = {
        .scenario = scene->scenario,
        .layout = scene->runner->layout,
        .flavor = scene->flavor->name,
        .environment =
            slot->environment != NULL ? slot->environment : (const char *const *)scene->environment,
        .needs = &scene->needs,
        .worker = scene->worker,
        .library = scene->library,
        .undefined = scene->undefined,
        .signals = slot->signals,
        .target = slot->has_target ? &slot->target : NULL,
        .tracing = &slot->tracing,
        .count_calls = slot->count_calls,
        .count_instructions = slot->count_instructions,
        .valgrind = slot->valgrind,
        .folder = scene->runner->folder.path,
        .listen = listen_to,
        .context = slot,
    };
    uint64_t seed = prf(scene->runner->options->seed, PRF_TRIAL, index, 0, 0);
    trial_run(&setup, index, seed, &slot->record);
    if (slot->has_target && (slot->record.target_died || slot->record.target_stuck ||
                             slot->record.target_active > 0 || slot->target.dead)) {
        slot_release(slot);
    }
}

/* ---- taking in ---- */

static void keep_evidence(struct scene *scene, const struct trial_record *record,
                          enum trial_outcome outcome)
{
    struct runner *runner = scene->runner;
    bool wanted =
        runner->options->keep || ((outcome == OUTCOME_FINDINGS || outcome == OUTCOME_INFRA) &&
                                  scene->evidence_kept < EVIDENCE_KEPT);
    char name[120];
    if (!wanted || !record->started) {
        return;
    }
    if (runner->result_capacity == 1) {
        (void)snprintf(name, sizeof name, "trial-%u", record->index);
    } else {
        (void)snprintf(name, sizeof name, "%zu-%.60s-%s-trial-%u", runner->result_count,
                       scene->scenario->name, scene->flavor->name, record->index);
    }
    scene->evidence_kept++;
    finding_list_locate(&scene->result->findings, record->index, name);
    struct failure failure = FAILURE_INIT;
    if (evidence_write(&runner->folder, name, record, &failure) != 0 &&
        runner->trouble.kind == FAILURE_NONE) {
        runner->trouble = failure;
        scene->stopped = true;
    }
}

static void mind_infra(struct scene *scene, const struct trial_record *record,
                       enum trial_outcome outcome)
{
    struct failure failure = FAILURE_INIT;
    scene->infra_in_a_row = outcome == OUTCOME_INFRA ? scene->infra_in_a_row + 1 : 0;
    if (trial_judge_refused(record, &failure)) {
        scene->runner->trouble = failure;
        scene->stopped = true;
    } else if (scene->infra_in_a_row >= INFRA_IN_A_ROW) {
        char note[160];
        (void)snprintf(note, sizeof note,
                       "stopped after %d infrastructure failures in a row, %" PRIu64 " trials run",
                       INFRA_IN_A_ROW, scene->result->trials_run);
        result_note(scene->result, note);
        scene->stopped = true;
    }
}

/* What the user said and only the worker or its start could tell to be wrong. */
static bool is_misused(const struct trial_record *record, struct failure *failure)
{
    if (!record->started && record->failure.kind == FAILURE_USAGE) {
        *failure = record->failure;
        return true;
    }
    return trial_judge_refused(record, failure) && failure->kind == FAILURE_USAGE;
}

void scene_take(struct scene *scene, struct slot *slot)
{
    struct trial_record *record = &slot->record;
    struct failure misuse = FAILURE_INIT;
    if (slot->failure.kind != FAILURE_NONE) {
        if (scene->runner->signals->stop == 0) {
            scene_give_up(scene, &slot->failure);
        }
    } else if (is_misused(record, &misuse)) {
        scene_give_up(scene, &misuse);
    } else {
        struct logbook_counters sum;
        enum trial_outcome outcome = trial_judge_end(&slot->judge, record, scene->result);
        rate_note_trial(scene->result, record);
        result_sum_lanes(record, &sum);
        scene->cycles_before += sum.cycles_completed + sum.cycles_failed;
        keep_evidence(scene, record, outcome);
        mind_infra(scene, record, outcome);
    }
    atomic_store_explicit(&slot->cycles, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->findings, 0, memory_order_relaxed);
    trial_judge_release(&slot->judge);
    trial_release(record);
}
