/* SPDX-License-Identifier: MIT
 *
 * Private to the comparison: the rows of its table of findings.
 */
#ifndef JUDGE_COMPARE_FINDING_H
#define JUDGE_COMPARE_FINDING_H

#include "harness/judge/compare.h"

/** Makes the rows of scenario->a and ->b, with their tests but without verdicts. Fails with
 *  FAILURE_ENVIRONMENT: no memory. */
int compare_findings_init(struct compare_scenario *scenario,
                          const struct compare_settings *settings, struct failure *failure);

/** The p-value that B shows it more, from both of its tests where it has two (Bonferroni): that of
 *  the trials, and the inverse of the e-value. */
double compare_finding_p(const struct compare_finding *row);

/** Status and verdict of one row, whose p-values are adjusted. */
void compare_finding_judge(struct compare_finding *row,
                           const struct compare_sequential *sequential);

#endif
