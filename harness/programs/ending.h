/* SPDX-License-Identifier: MIT
 *
 * What the end of a process means for the counts of the trial, and whether somebody has to judge
 * it.
 */
#ifndef PROGRAMS_ENDING_H
#define PROGRAMS_ENDING_H

#include "harness/base/ledger.h"
#include "harness/base/logbook.h"
#include "harness/programs/process.h"

#include <stdbool.h>

/** Of a process that is SETTLED. ledger: NULL if the target is not ours; above: ordinal that the
 *  ledger had reached when the process began; refused: it was sent to the port that refuses. Fills
 *  the reasons, adds the record if there is one to judge, and counts. True if the process came to
 *  what the step expects. */
bool ending_take(struct process *process, const struct process_setup *setup,
                 struct program_log *log, struct ledger *ledger, uint64_t above);

#endif
