/* SPDX-License-Identifier: MIT
 *
 * One trial in this process, from loading the client to its cleanup.
 */
#ifndef WORKER_DRIVER_H
#define WORKER_DRIVER_H

#include "harness/base/descriptor_log.h"
#include "harness/base/failure.h"
#include "harness/base/logbook.h"
#include "harness/scenario/plan.h"

/** Runs the plan and writes everything into the logbook, which has driver_lanes() lanes or more.
 *  log takes what is wrong with the client's descriptors; NULL: nothing looks for that.
 *  Returns 0 with the state WORKER_FINISHED, or -1 with *failure, if the trial could not start.
 * Once in a process, on its main thread, while it has no other. */
int driver_run(const struct plan *plan, struct logbook *logbook, struct descriptor_log *log,
               struct failure *failure);

#endif
