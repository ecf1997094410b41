/* SPDX-License-Identifier: MIT
 *
 * The controller's side of a trial with an external program: the process that drives the program
 * stands where the worker stands, and is started like one.
 */
#ifndef WATCH_PROGRAM_DRIVER_H
#define WATCH_PROGRAM_DRIVER_H

#include "harness/base/clock.h"
#include "harness/base/failure.h"
#include "harness/watch/child.h"

#include <stdint.h>
#include <sys/types.h>

/** Each program finds this variable in its environment: "PID.NUMBER", of the driver and its own. */
#define PROGRAM_VARIABLE "EIGHTH_PROGRAM"

/** The driver keeps the trial's deadline itself, since it alone can take the programs' stacks; so
 *  long later the controller ends it. */
#define PROGRAM_DRIVER_LATE (30 * NS_PER_S)

/** What it takes the driver to end all programs and what they left, after SIGTERM. */
#define PROGRAM_DRIVER_GRACE (15 * NS_PER_S)

/** What is handed over. */
struct program_driver {
    const char *eighth; /**< path of the program that drives: eighth itself */
    int plan_fd;
    int logbook_fd;
    int log_fd;
    int ledger_fd;      /**< -1: the target is not ours */
    const char *folder; /**< for the logs of sanitizers */
    uint64_t limit;     /**< of descriptors, for the driver */
    const sigset_t *mask;
    const char *const *environment; /**< NULL: the controller's */
};

/** Starts it. Fails with FAILURE_ENVIRONMENT. */
int program_driver_start(struct child *child, const struct program_driver *driver,
                         struct failure *failure);

/** When a driver did not end in good order: kills what carries its mark. driver: its pid. */
void program_driver_sweep(pid_t driver);

#endif
