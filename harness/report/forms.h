/* SPDX-License-Identifier: MIT
 *
 * The other forms of a report: for people and for CI. Each is made from the JSON tree alone, which
 * may come from a file and is not trusted to be complete.
 */
#ifndef REPORT_FORMS_H
#define REPORT_FORMS_H

#include "harness/base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum form_depth {
    FORM_BRIEF = 0, /**< what a run prints at its end */
    FORM_FULL,      /**< each finding with the stacks that matter */
    FORM_VERBOSE    /**< every stack, register and raw text, latencies and figures */
};

/** For a terminal: a table with a line for each scenario, then the findings, then remarks. */
void form_terminal(const cJSON *report, enum form_depth depth, struct buffer *text);

/** One finding of form_terminal; number is shown as its name. */
void form_finding(const cJSON *scenario, const cJSON *finding, int number, enum form_depth depth,
                  struct buffer *text);

/** Adds each line of words after indent. */
void form_indented(const char *words, const char *indent, struct buffer *text);

/** Markdown (GitHub's): verdict, table, findings. */
void form_markdown(const cJSON *report, struct buffer *text);

/** JUnit XML: a test case for each scenario. failure: a finding; error: infrastructure; skipped:
 *  inconclusive without either. */
void form_junit(const cJSON *report, struct buffer *text);

/* Sentences that the forms share. Each adds nothing where there is nothing to say. */

/** "in 3 of 10 trials (95 %: 6.7 % to 65 %), 40 per million cycles (8 to 110), ..." */
void form_rate(const cJSON *finding, struct buffer *text);

/** "no failure seen in 5 trials (at most 45 % of trials, 95 %)": what was not seen may still be. */
void form_certainty(const cJSON *scenario, struct buffer *text);

/** Which rule ended a scenario whose number of trials was open, and that trials ran at once. */
void form_end(const cJSON *scenario, struct buffer *text);

/** Stories that the forms tell; the report has all. */
#define FORM_STORIES 50

/** "one story in 2 findings: plain: SIGSEGV ...; asan: heap-use-after-free ...". False, and nothing
 *  added, when no finding has that number. */
bool form_story(const cJSON *report, int story, struct buffer *text);

#endif
