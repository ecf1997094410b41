/* SPDX-License-Identifier: MIT
 *
 * One scenario in one flavor while it runs: what its trials share, and the slots they run in.
 *
 * A slot runs one trial at a time with a worker and a target of its own. slot_run touches nothing
 * but the slot and what is constant while the scene runs, so that several slots may run at once;
 * everything that a trial comes to goes into the scene's result through scene_take, one trial after
 * the other.
 */
#ifndef CLI_SCENE_H
#define CLI_SCENE_H

#include "harness/cli/runner.h"
#include "harness/cli/stop_rule.h"
#include "harness/judge/trial_judge.h"
#include "harness/watch/needs.h"
#include "harness/watch/target_process.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct slot {
    struct scene *scene;
    struct signals *signals; /**< that end its trial */
    bool has_target;
    struct target_process target;
    struct tracing tracing; /**< opened by its first trial; a tracer serves one thread */
    struct trial_judge judge;
    struct trial_record record;
    /** Of its workers instead of the scene's own; NULL: the scene's. */
    const char *const *environment;
    /** Of its workers: see trial.h. */
    bool count_calls;
    bool count_instructions;
    const char *valgrind;
    struct failure failure;           /**< the target could not be started: there was no trial */
    _Atomic uint64_t cycles;          /**< ended in its trial so far, for the progress line */
    _Atomic uint64_t findings;        /**< in its trial so far */
    void (*heard)(struct slot *slot); /**< called now and then while the trial runs; NULL: nobody */
};

struct scene {
    /* Constant while it runs */
    struct runner *runner;
    const struct scenario *scenario;
    const struct flavor *flavor;
    char **environment; /**< of the workers; NULL: the controller's */
    struct needs needs;
    struct stop_rules rules;
    uint64_t begun; /**< ns */
    char worker[LAYOUT_PATH + 64];
    char library[LAYOUT_PATH + 64];
    bool undefined; /**< library is built with UBSan */

    /* Of the main thread */
    struct scenario_result *result;
    uint64_t cycles_before; /**< of finished trials */
    unsigned evidence_kept;
    unsigned infra_in_a_row;
    bool stopped; /**< by trouble: no more trials */
};

/** Makes the scene ready: binaries, limits, environment. Fails with the reason why the scenario
 *  cannot run; call scene_release in any case. */
int scene_prepare(struct scene *scene, struct runner *runner, const struct scenario *scenario,
                  const struct flavor *flavor, struct scenario_result *result,
                  struct failure *failure);

/** Frees what it holds. */
void scene_release(struct scene *scene);

/** Whether one more trial may begin: STOP_NOT, or why not. */
enum stop_rule scene_next(const struct scene *scene, uint64_t begun);

/** Says once, as a finding of the machine's, that the scenario cannot run or go on. */
void scene_give_up(struct scene *scene, const struct failure *failure);

/** A slot without target. */
void slot_init(struct slot *slot, struct scene *scene, struct signals *signals);

/** Stops its target and closes its tracing. */
void slot_release(struct slot *slot);

/** Runs the trial with that number to its end, and its target before that if it has none or one
 *  that is not fit any more. Always follow it with scene_take. */
void slot_run(struct slot *slot, uint32_t index);

/** Judges what the slot's trial left, adds it to the result, and empties the slot's record. */
void scene_take(struct scene *scene, struct slot *slot);

#endif
