/* SPDX-License-Identifier: MIT
 *
 * From findings to verdicts.
 *
 *   fail          a finding that is not expected; or an expected one did not appear
 *   inconclusive  else, if more than 5 % of the trials were infrastructure failures, if none
 *                 counted, or if the user stopped the scenario
 *   pass          else
 *
 * A finding beats everything: what was seen was seen, also in a run that was cut short.
 */
#ifndef JUDGE_VERDICT_H
#define JUDGE_VERDICT_H

#include "harness/judge/result.h"

#include <stddef.h>

/** Sets the verdict, its reason, the rates of the findings and which of them are expected, and
 * sorts them. May be called again when trials were added. done: no more trials will come. */
void verdict_judge(struct scenario_result *result, bool done);

/** The verdict of several scenarios together: the worst, fail before inconclusive before pass; of
 *  none: inconclusive. */
enum verdict verdict_of_all(const struct scenario_result *const *results, size_t count);

/** 0 pass, 1 fail, 3 inconclusive. */
int verdict_exit_code(enum verdict verdict);

#endif
