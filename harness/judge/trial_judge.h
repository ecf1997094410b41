/* SPDX-License-Identifier: MIT
 *
 * Judges one trial from its first observation to its end, and adds it to the scenario's result.
 */
#ifndef JUDGE_TRIAL_JUDGE_H
#define JUDGE_TRIAL_JUDGE_H

#include "harness/judge/observations.h"
#include "harness/judge/result.h"
#include "harness/watch/trial.h"

#include <stdbool.h>

struct trial_judge {
    struct observations observations;
    const struct scenario *scenario;
};

/** Makes it ready for the next trial of the scenario. */
void trial_judge_init(struct trial_judge *judge, const struct scenario *scenario);

/** Frees what it holds. */
void trial_judge_release(struct trial_judge *judge);

/** Reads what the worker observed so far: call it from trial_setup.listen. */
void trial_judge_listen(struct trial_judge *judge, struct trial_record *record,
                        struct target_process *target, bool final);

/** Judges the whole trial and adds it to the result. Returns its outcome. */
enum trial_outcome trial_judge_end(struct trial_judge *judge, struct trial_record *record,
                                   struct scenario_result *result);

/** True if the worker refused to start; *failure is then its reason (FAILURE_USAGE for a scenario
 *  that does not fit the client, FAILURE_ENVIRONMENT for the machine). */
bool trial_judge_refused(const struct trial_record *record, struct failure *failure);

#endif
