/* SPDX-License-Identifier: MIT
 *
 * What `git bisect run` wants: so many trials that a bad revision is not called good by chance, and
 * exit codes in its meaning.
 */
#ifndef CLI_BISECT_H
#define CLI_BISECT_H

#include "harness/base/failure.h"

#include <stdbool.h>
#include <stdint.h>

#define BISECT_SKIP 125  /**< this revision cannot be tested */
#define BISECT_ABORT 130 /**< no revision can: from 128 on git ends the bisection */

#define BISECT_STEPS 10U       /**< enough for a thousand revisions */
#define BISECT_CONFIDENCE 0.95 /**< that no step is wrong */

struct bisect_plan {
    double rate; /**< of trials that a bad revision fails; 0: not given */
    uint64_t steps;
    double confidence;
};

#define BISECT_PLAN_INIT                                       \
    {                                                          \
        .steps = BISECT_STEPS, .confidence = BISECT_CONFIDENCE \
    }

/** A share in (0, 1) from an option's value: "0.2" or "20%". Fails with FAILURE_USAGE. */
int bisect_share(const char *option, const char *value, double *share, struct failure *failure);

/** Trials at each step. Fails with FAILURE_USAGE where these are more than a run may have, or the
 *  rate is missing. */
int bisect_trials(const struct bisect_plan *plan, uint64_t *trials, struct failure *failure);

/** The exit code for git from that of run. enough: all planned trials were judged; fits: the
 *  scenario and the options are in order, so that usage errors come from this revision's client;
 *  stop: the signal that interrupted the run, or 0. */
int bisect_code(int code, bool enough, bool fits, int stop);

#endif
