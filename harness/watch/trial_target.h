/* SPDX-License-Identifier: MIT
 *
 * The target's part in a trial: what its ledger says before and after, and whether it still runs.
 */
#ifndef WATCH_TRIAL_TARGET_H
#define WATCH_TRIAL_TARGET_H

#include "harness/watch/trial.h"

#include <stdbool.h>
#include <stdint.h>

/** Tells the target, which setup must have, that a trial begins, and notes the ledger's counts. -1:
 *  it died or the user wants to stop, as the record says, or record->failure is set. */
int trial_target_begin(const struct trial_setup *setup, struct trial_record *record);

/** True if nothing more can come of the trial: the target is dead, or stopped for a second.
 *  Somebody may stop it, a user or the machine: that the client then waits is not its own fault.
 *  Now is from clock_now(). */
bool trial_target_is_lost(struct target_process *target, struct trial_record *record, uint64_t now);

/** Waits, once the worker is over, until the target has ended its connections, and notes the
 *  ledger's counts. After an interrupt too, so that what was known until then is whole, but
 *  shorter. What hinders it is in the record. */
void trial_target_settle(const struct trial_setup *setup, struct trial_record *record);

#endif
