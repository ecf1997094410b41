/* SPDX-License-Identifier: MIT
 *
 * The target as the controller's child: it takes its scenario from a plan, counts in the
 * controller's ledger, and obeys the control channel (harness/base/control.h) until that closes.
 */
#ifndef TARGET_SERVICE_H
#define TARGET_SERVICE_H

#include "harness/base/failure.h"

/** Runs to the end. The three descriptors were inherited and belong to the service from now on.
 *  Returns 0 when the channel closed or SIGTERM came. What keeps it from starting was told through
 *  the channel, and is in *failure; -1 then, and also for a channel that speaks nonsense. Blocks
 *  signals and sets this process's parent-death signal: call it on the only thread. */
int service_run(int plan_fd, int ledger_fd, int control_fd, struct failure *failure);

#endif
