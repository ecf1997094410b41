/* SPDX-License-Identifier: MIT
 *
 * A client's own totals (stats() of the contract) against what the driver counted.
 *
 *     requests    must be the number of request calls that returned a response
 *     *.in_use    must be 0: no instance is left when the client is asked
 *
 * Both are exact, in any flavor: an addition that two threads make at once and that is lost shows
 * here, where no memory is harmed. Other figures are the client's own affair.
 */
#ifndef JUDGE_TOTALS_H
#define JUDGE_TOTALS_H

#include "harness/judge/finding.h"
#include "harness/watch/trial.h"

/** Adds a finding for each total that is wrong. For a worker that ended well. */
void totals_judge(struct trial_record *record, struct finding_list *findings);

#endif
