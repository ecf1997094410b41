/* SPDX-License-Identifier: MIT
 *
 * A lane: what one thread writes into the logbook, and its scratch memory.
 */
#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include "harness/worker/context.h"

/** Gives the lane its place in the logbook, and the memory that any request of the scenario needs.
 *  Fails with FAILURE_ENVIRONMENT. */
int lane_init(struct lane *lane, const struct driver *driver, uint32_t index, enum lane_role role,
              struct failure *failure);

/** Frees the scratch memory; a zeroed lane is allowed. */
void lane_release(struct lane *lane);

/** Says that the calling thread is the writer from now on. */
void lane_enter(struct lane *lane);

/** The calling thread works for the instance until descriptors_leave. connect takes its connects;
 *  it may be NULL. */
void lane_watch(const struct instance *instance, enum flight_operation operation,
                struct connect_trace *connect);

/** Writes one flight record. time in ns; result and fd as in struct flight_record. */
void lane_record(struct lane *lane, const struct instance *instance,
                 enum flight_operation operation, enum flight_edge edge, uint64_t time,
                 int32_t result);

/** Writes an observation of what an operation did. error may be NULL; then text says what. */
void lane_observe(struct lane *lane, const struct driver *driver, const struct instance *instance,
                  const struct operation *operation, enum observation_kind kind,
                  enum flight_operation what, const struct eighth_error *error, const char *text);

#endif
