/* SPDX-License-Identifier: MIT
 *
 * A comparison while it is made: two sides, what they ran or what was recorded of them, and what
 * that came to.
 *
 *   contest_load -> contest_run -> contest_finish -> contest_release
 */
#ifndef CLI_CONTEST_H
#define CLI_CONTEST_H

#include "harness/cli/compare_options.h"
#include "harness/cli/runner.h"
#include "harness/cli/verbs.h"
#include "harness/judge/compare.h"
#include "harness/report/compare_report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One side. */
struct contestant {
    struct compare_options options;
    bool runs;                      /**< now; else its report was recorded */
    struct scenario_list scenarios; /**< to run */
    struct runner runner;
    cJSON *report;
    char path[REPORT_PATH + 256]; /**< of its report */
};

/** One scenario on both sides. */
struct round {
    struct compare_side sides[SIDES];
    struct compare_settings settings;
    struct compare_sequential sequential;
    struct buffer notes;
};

struct contest {
    const struct invocation *invocation;
    enum compare_mode mode;
    struct contestant sides[SIDES];
    struct layout layout;
    struct signals signals;
    struct progress progress;
    struct report_folder folder;
    const char *name;
    char started[32];
    uint64_t begun;                    /**< ns */
    uint64_t deadline;                 /**< ns: no trial begins later; 0: none */
    size_t count;                      /**< of scenarios that are compared */
    struct round *rounds;              /**< count */
    struct compare_scenario *compared; /**< count */
    const cJSON **origins;             /**< count: the scenarios in the candidate's report */
    struct buffer remarks;
    bool partial;
    struct failure trouble;
};

/** Reads scenarios and reports. words are the paths of the command line. Fails with the reason. */
int contest_load(struct contest *contest, char **words, int count, struct failure *failure);

/** Runs what is to be run. Returns 0, or -1 with contest->trouble if it cannot go on. */
int contest_run(struct contest *contest);

/** Judges, writes and prints all forms. Returns the exit code. */
int contest_finish(struct contest *contest);

/** Frees what it holds. */
void contest_release(struct contest *contest);

/* ---- the parts ---- */

/** Runs scenario i on the sides that run, in turns, until it is decided or time is over. */
int contest_bout(struct contest *contest, size_t i);

/** Takes what both sides know by now of scenario i into compared[i]. */
int contest_look(struct contest *contest, size_t i, struct failure *failure);

/** Adds to the remarks what a comparison of recorded sides cannot know. */
void contest_doubt(struct contest *contest);

/** The verdict, unless the candidate's report is partial: what it did not run has not passed. */
enum compare_verdict contest_trust(const struct contest *contest, enum compare_verdict verdict);

/** Writes all forms of the comparison into the folder and prints them; *code is the exit code. */
int contest_tell(struct contest *contest, enum compare_verdict verdict, int *code,
                 struct failure *failure);

#endif
