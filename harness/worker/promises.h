/* SPDX-License-Identifier: MIT
 *
 * What a client promises against what the scenario would do to it. Only what is promised is
 * stressed; what is withheld is told in the logbook's notes.
 */
#ifndef WORKER_PROMISES_H
#define WORKER_PROMISES_H

#include "client/eighth_client.h"
#include "harness/base/failure.h"
#include "harness/base/logbook.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stdint.h>

struct promises {
    bool migrates;         /**< load.affinity is migrate, and the client bears it */
    bool reopens;          /**< the same object may be opened again */
    bool pings;            /**< ping steps are carried out */
    bool imports_sessions; /**< the session policy is import, and the client can */
    bool share;            /**< requests and pings may overlap on one instance */
    bool close_while_busy; /**< close may overlap with anything on the instance */
};

/** Works them out, and adds a line to the notes for each thing withheld. Fails with FAILURE_USAGE
 *  if the client cannot connect to the target at all (TLS, clear text). */
int promises_work_out(struct promises *promises, const struct scenario *scenario,
                      const struct eighth_client *client, bool tls, struct logbook *logbook,
                      struct failure *failure);

/** Whether the operations of a race may really overlap. */
bool promises_allow_race(const struct promises *promises, const struct step *race);

#endif
