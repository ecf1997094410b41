/* SPDX-License-Identifier: MIT
 *
 * The plan: what the controller tells a worker or a target that it starts, as one JSON object in a
 * memfd that the process inherits. `scenario` is a scenario's canonical JSON, parsed again there by
 * the same parser, so there is one description and one validation.
 */
#ifndef SCENARIO_PLAN_H
#define SCENARIO_PLAN_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stdint.h>

struct plan {
    struct scenario *scenario;
    uint64_t seed; /**< of this trial */
    char *library; /**< path of the client library, resolved; NULL for a target */
    char *host;    /**< where to connect */
    uint16_t port;
    uint16_t refuse_port; /**< 0: none */
    char *sni;
    char *ca_file;           /**< NULL: the system's. For a target: where to write its CA */
    bool count_instructions; /**< of a worker: by the processor's counters, where it has them */
};

/** Writes the plan into a new memfd that survives exec; *fd is it, at its beginning. Fails with
 *  FAILURE_ENVIRONMENT. */
int plan_write(const struct plan *plan, int *fd, struct failure *failure);

/** Reads it back; on success the caller releases it. Fails with FAILURE_INTERNAL. */
int plan_read(struct plan *plan, int fd, struct failure *failure);

/** Frees what the plan holds, the scenario included. Safe on a zeroed plan. */
void plan_release(struct plan *plan);

#endif
