/* SPDX-License-Identifier: MIT
 *
 * A comparison as one JSON tree: what compare.json holds, and what its other forms are made from.
 * reports/compare.schema.json describes it.
 */
#ifndef REPORT_COMPARE_REPORT_H
#define REPORT_COMPARE_REPORT_H

#include "harness/base/buffer.h"
#include "harness/judge/compare.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Version of the form; raised only when a documented key changes its meaning. */
#define COMPARE_REPORT_VERSION 1

/** What the sides are. Names by compare_mode_name. */
enum compare_mode {
    COMPARE_LIVE = 0, /**< both were run in turns */
    COMPARE_HALF,     /**< the baseline was recorded, the candidate run now */
    COMPARE_RECORDED  /**< both were recorded */
};

/** "live", "candidate-only", "recorded". */
const char *compare_mode_name(enum compare_mode mode);

struct compare_run {
    enum compare_mode mode;
    const char *started; /**< RFC 3339 */
    double seconds;
    uint64_t seed; /**< of a live one */
    bool partial;  /**< not all was done */
    const char *stopped;
    const char *const *command;  /**< argv, ended by NULL */
    const char *a_path, *b_path; /**< of the reports */
    const cJSON *a_report, *b_report;
    const struct compare_settings *settings;
    const char *fail_on; /**< as given */
    const struct compare_scenario *scenarios;
    const cJSON *const *origins; /**< B's scenario of each, in its report */
    size_t count;
    enum compare_verdict verdict;
    const struct buffer *notes;   /**< of each scenario, a line each */
    const struct buffer *remarks; /**< of the whole */
};

/** The tree; NULL without memory. The caller frees it with cJSON_Delete. */
cJSON *compare_build(const struct compare_run *run);

#endif
