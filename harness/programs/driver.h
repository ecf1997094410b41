/* SPDX-License-Identifier: MIT
 *
 * The process that stands where a worker stands when the client is an external program: it starts
 * the program's processes, watches them, and leaves nothing of them behind.
 *
 * It keeps the logbook as a worker does (counts, cycle times, the flight record: lane i is the i-th
 * process that runs at once), and the program log, which holds the ends that must be judged. It
 * holds no client and is not meant to die; if the controller dies, it gets SIGTERM and clears up.
 * A signal to end that the controller did not order (see program_log.h) is counted and ignored.
 */
#ifndef PROGRAMS_DRIVER_H
#define PROGRAMS_DRIVER_H

#include "harness/base/failure.h"

#include <stdint.h>

/** What the controller hands over. */
struct driver_order {
    int plan_fd;
    int logbook_fd;
    int log_fd;
    int ledger_fd;        /**< -1: the target is not ours */
    uint64_t descriptors; /**< limit for the programs */
    const char *folder;   /**< for the logs of sanitizers; it exists */
};

/** Runs the trial to its end. Whatever happens is in the logbook: also that it could not start,
 *  which is FAILURE_USAGE or FAILURE_ENVIRONMENT here as well. */
int driver_run_programs(const struct driver_order *order, struct failure *failure);

#endif
