/* SPDX-License-Identifier: MIT
 *
 * The calls into the client, each with its flight records, counters, latencies and observations.
 *
 * Latencies are recorded of successful calls only: a timeout's length says nothing about speed.
 * Counters are those of the lane that runs the call.
 *
 * A call that returns later than its timeout plus the grace is an overrun, also when it succeeds.
 * The grace is 2 s plus the timeout once more: wide enough for a loaded machine and for sanitizers,
 * so that an overrun means a deadline that was forgotten, not one that was missed.
 */
#ifndef WORKER_OPERATIONS_H
#define WORKER_OPERATIONS_H

#include "harness/worker/context.h"

#define OVERRUN_GRACE (2 * NS_PER_S)

/** Makes ready for a connect step: takes the next ordinal, and sees to it that instance->object is
 *  one that may be opened (made now, reopened, or replaced), for the port that this connect goes
 *  to. Returns false if that failed, with the operation judged as operation_run would. Not while
 *  another operation runs on the instance. */
bool operation_prepare_connect(struct driver *driver, struct lane *lane, struct instance *instance,
                               struct operation *operation);

/** Carries out one step, a connect only after operation_prepare_connect, and judges it: done,
 *  opened, closed and trace say what became of it. The instance is only read: several operations
 *  may run on it at once. */
void operation_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                   struct operation *operation);

/** Takes over into the instance what an operation did. */
void operation_apply(struct instance *instance, const struct operation *operation);

/** Keeps the instance's session for its next connection, if the policy is import. */
void operation_export(struct driver *driver, struct lane *lane, struct instance *instance);

/** Frees the object, after an abrupt close if it is open and close_first is set. */
void operation_free(struct driver *driver, struct lane *lane, struct instance *instance,
                    bool close_first);

/** Marks begin and end of a call that the caller makes itself (request.c). */
void operation_begin(struct lane *lane, const struct instance *instance,
                     struct operation *operation, enum flight_operation what);

/** Ends a call that returned `returned` and judges it: flight record, error counters, observations.
 *  True if it succeeded as the step wanted; the caller then looks at the results. */
bool operation_end(struct driver *driver, struct lane *lane, const struct instance *instance,
                   struct operation *operation, enum flight_operation what, int returned);

/** Carries out a request step. For operation_run. */
void request_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                 struct operation *operation);

#endif
