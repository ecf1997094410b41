/* SPDX-License-Identifier: MIT
 *
 * What a scenario needs of the machine, worked out before anything is started: a machine that is
 * too small must not look like a client that fails.
 */
#ifndef WATCH_NEEDS_H
#define WATCH_NEEDS_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <stdint.h>

struct needs {
    uint32_t lanes;              /**< of the logbook: main, pool, racers */
    uint64_t worker_descriptors; /**< least limit that the worker can do with */
    uint64_t target_descriptors; /**< the same for the target; 0 if it is not ours */
    uint64_t worker_limit;       /**< RLIMIT_NOFILE to give it: generous where allowed */
    uint64_t target_limit;
};

/** Works them out. Fails with FAILURE_ENVIRONMENT, the numbers and what to do, if the hard limit
 *  of descriptors is too low. */
int needs_of(struct needs *needs, const struct scenario *scenario, struct failure *failure);

/** The same for a given hard limit (RLIM_INFINITY allowed). */
int needs_within(struct needs *needs, const struct scenario *scenario, uint64_t hard_limit,
                 struct failure *failure);

#endif
