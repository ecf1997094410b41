/* SPDX-License-Identifier: MIT
 *
 * The other forms of a comparison, each made from the JSON tree of compare.json alone.
 */
#ifndef REPORT_COMPARE_FORMS_H
#define REPORT_COMPARE_FORMS_H

#include "harness/base/buffer.h"

#include <cjson/cJSON.h>

/** For a terminal: for each scenario its findings and its metrics, then what the run could have
 *  seen, then the verdict. */
void compare_form_terminal(const cJSON *comparison, struct buffer *text);

/** Markdown for a CI page, cut well below 1 MiB. */
void compare_form_markdown(const cJSON *comparison, struct buffer *text);

/** JUnit XML: a test case for the findings of each scenario and for each metric that was measured.
 *  failure: regression; error: infrastructure; skipped: inconclusive. */
void compare_form_junit(const cJSON *comparison, struct buffer *text);

/** SARIF 2.1.0: one result for each signature, with its baselineState. The reports of both sides
 *  give what the comparison does not hold (stacks, signals). */
cJSON *compare_form_sarif(const cJSON *comparison, const cJSON *baseline, const cJSON *candidate);

/** GitHub's workflow commands: ::error for what is a regression, ::warning for what is undecided;
 *  ten of each at most. */
void compare_form_annotations(const cJSON *comparison, struct buffer *text);

/* Sentences that the forms share. */

/** "1.064 [1.047, 1.081]"; "-" where there is no estimate, "~" before what is undecided. */
void compare_tell_interval(const cJSON *metric, struct buffer *text);

/** Adds the standard deviation of the pairs' differences: "7.1 %" of ratios' logarithms, or in the
 *  unit. */
void compare_tell_deviation(const cJSON *metric, struct buffer *text);

/** The figure of one side with its unit: "412.3 us", "4.1 MiB"; "-" unknown. */
void compare_tell_value(const cJSON *metric, const char *side, struct buffer *text);

/** "3/100" */
void compare_tell_hits(const cJSON *finding, const char *side, struct buffer *text);

/** What this run could have seen: "a finding in 7.4 % of trials; cpu.per_cycle +6.2 %". */
void compare_tell_power(const cJSON *scenario, struct buffer *text);

/** The scenario's name, with flavor and combination where they matter. */
void compare_tell_name(const cJSON *scenario, struct buffer *text);

#endif
