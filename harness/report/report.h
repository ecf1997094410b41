/* SPDX-License-Identifier: MIT
 *
 * The report of a run as one JSON tree: what report.json holds, and what every other form (table,
 * Markdown, JUnit) is made from, so that they cannot disagree. reports/report.schema.json describes
 * it.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "harness/judge/rate.h"
#include "harness/judge/result.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Version of the report's form; raised only when a documented key changes its meaning. */
#define REPORT_VERSION 1

struct report_run {
    const char *name;
    uint64_t seed;              /**< below 2^53 */
    const char *started;        /**< RFC 3339 */
    uint64_t begun;             /**< ns, monotonic */
    bool partial;               /**< not all was done */
    bool goes_on;               /**< more will come: trials are listed only up to a number */
    const char *stopped;        /**< why not: "" if it was */
    const char *const *command; /**< argv, ended by NULL */
    const struct scenario_result *const *results;
    size_t result_count;
    /* For `reproduce` */
    const char *program;            /**< argv[0] */
    const char *const *run_options; /**< options of run to repeat, as words; */
    size_t run_option_count;
};

/** The whole tree; NULL without memory. The caller frees it with cJSON_Delete. */
cJSON *report_build(const struct report_run *run);

/** The exact bytes of a report.json, a newline at the end; the caller frees them. NULL without
 *  memory. */
char *report_print(const cJSON *report);

/** Adds one command line that runs the finding's trials again, quoted for a POSIX shell; its paths
 *  count from this process's working directory, which the report holds. */
void report_reproduce(const struct report_run *run, const struct scenario_result *result,
                      const struct finding *finding, struct buffer *text);

/** Adds a word quoted for a POSIX shell, where it needs quotes. */
void report_quote(struct buffer *text, const char *word);

/* The parts, for report_build. */
void report_add_scenario(cJSON *item, const struct report_run *run,
                         const struct scenario_result *result);
void report_add_rates(cJSON *item, const struct rates *rates);
void report_add_figures(cJSON *item, const struct trial_figures *figures);
void report_add_signature(cJSON *item, const struct report_run *run,
                          const struct scenario_result *result, const struct finding *finding);
void report_add_evidence(cJSON *item, const struct finding *finding);
void report_add_finding(cJSON *item, const struct report_run *run,
                        const struct scenario_result *result, const struct finding *finding);

#endif
