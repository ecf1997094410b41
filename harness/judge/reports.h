/* SPDX-License-Identifier: MIT
 *
 * What sanitizers, and the runtimes of other languages, wrote about a worker, as findings.
 */
#ifndef JUDGE_REPORTS_H
#define JUDGE_REPORTS_H

#include "harness/base/buffer.h"
#include "harness/judge/culprit.h"
#include "harness/judge/finding.h"
#include "harness/watch/sanitizer_report.h"
#include "harness/watch/trial.h"

#include <stdbool.h>

/** Adds a finding for each report of the worker's sanitizer. True if one of them is why the worker
 *  ended: then its end is no finding of its own. */
bool reports_judge(const struct trial_record *record, struct finding_list *findings);

/** True if the sanitizer itself could not do its work (no room for its shadow, not allowed to
 *  trace): *line is then what it said. The trial says nothing about the client. */
bool reports_of_failure(const struct trial_record *record, struct buffer *line);

/** Makes a finding of one report; kind as for its tool, crash for runtimes of other languages.
 *  text: the log that it is in; nth: its number in the trial. NULL without memory. */
struct finding *reports_finding(const struct trial_record *record,
                                const struct sanitizer_report *report, const char *text,
                                uint32_t nth);

#endif
