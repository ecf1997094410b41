/* SPDX-License-Identifier: MIT
 *
 * The report of `eighth verify-fix`: verify-fix.json as one tree, described by
 * reports/verify-fix.schema.json, and what a human reads, made from that tree alone.
 */
#ifndef REPORT_FIX_REPORT_H
#define REPORT_FIX_REPORT_H

#include "harness/base/buffer.h"
#include "harness/judge/fix_rows.h"
#include "harness/judge/result.h"

#include <cjson/cJSON.h>

/** Raised only when a documented key changes its meaning. */
#define FIX_REPORT_VERSION 1

/** One build as it ran. */
struct fix_side {
    const struct scenario_result *result; /**< NULL: it did not run */
    const char *report;                   /**< path of its report.json; "" without one */
};

struct fix_run {
    const char *name;
    uint64_t seed;
    const char *started;        /**< RFC 3339 */
    uint64_t begun;             /**< ns, monotonic */
    const char *stopped;        /**< why not all was done; "" if it was */
    const char *const *command; /**< argv, ended by NULL */
    double confidence;
    struct fix_side before;
    struct fix_side after;
    const struct fix_answer *answer;
    const struct fix_rows *rows;
};

/** The whole tree; NULL without memory. The caller frees it with cJSON_Delete. */
cJSON *fix_report_build(const struct fix_run *run);

/** For a terminal, from the tree. */
void form_fix(const cJSON *report, struct buffer *text);

#endif
