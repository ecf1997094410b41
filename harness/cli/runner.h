/* SPDX-License-Identifier: MIT
 *
 * Runs scenarios one after the other and keeps the report up to date meanwhile.
 */
#ifndef CLI_RUNNER_H
#define CLI_RUNNER_H

#include "harness/cli/progress.h"
#include "harness/cli/run_options.h"
#include "harness/cli/stop_rule.h"
#include "harness/judge/result.h"
#include "harness/report/folder.h"
#include "harness/scenario/parse.h"
#include "harness/watch/layout.h"
#include "harness/watch/signals.h"
#include "harness/watch/tracing.h"

#include <stdbool.h>
#include <stddef.h>

struct runner {
    const struct run_options *options;
    const char *const *command; /**< argv, ended by NULL */
    const char *program;
    const struct scenario_list *scenarios;
    const struct flavor *flavors[FLAVORS]; /**< to run each scenario in */
    size_t flavor_count;
    const struct flavor *missing[FLAVORS]; /**< wanted, but not built */
    size_t missing_count;
    const struct layout *layout;
    struct signals *signals;
    struct progress *progress;
    struct report_folder folder;
    const char *name;
    char started[32];
    uint64_t begun;          /**< ns */
    uint64_t report_written; /**< ns: when the last partial report was done */
    uint64_t report_cost;    /**< ns: what it took */
    /** One for each scenario and flavor that was begun. */
    struct scenario_result **results;
    size_t result_count;
    size_t result_capacity; /**< that there will be at most */
    struct failure trouble; /**< the first thing that stopped a scenario or the run */
};

struct scene;
struct slot;

/** Draws the progress line: what all slots have done so far. */
void runner_show_progress(struct runner *runner, const struct scene *scene, struct slot *slots,
                          size_t count);

/** After a trial what is known goes to the disk, unless that would cost too much of the time. */
void runner_keep(struct runner *runner, struct scene *scene);

/** Runs the trials of a scene several at once, options->jobs of them; see runner_jobs.c. Returns
 *  why it ended. */
enum stop_rule runner_run_jobs(struct runner *runner, struct scene *scene);

/** Makes room for the results of all scenarios in all flavors, and writes a first report. Returns
 * 0, or -1 with runner->trouble. */
int runner_begin(struct runner *runner);

/** A new result for the next scenario and flavor, which the runner owns; NULL with runner->trouble
 *  without memory. */
struct scenario_result *runner_new_result(struct runner *runner, const struct scenario *scenario,
                                          const struct flavor *flavor);

/** After the last trial: says why it ended, judges thresholds and the verdict, releases the
 *  scene. */
void runner_end_scene(struct scene *scene, enum stop_rule rule);

/** Runs all. Returns 0; or -1 with runner->trouble if the run cannot go on (the report cannot be
 *  written). The results stay until runner_release. */
int runner_run(struct runner *runner);

/** Writes report.json, junit.xml and summary.md. partial: not all was done. */
int runner_write(struct runner *runner, bool partial, struct failure *failure);

/** Removes what runner_write wrote and its folder: for a run in which no trial ran. */
void runner_discard(struct runner *runner);

/** The report's tree as it stands; the caller frees it. NULL without memory. */
cJSON *runner_report(const struct runner *runner, bool partial);

/** Frees the results. */
void runner_release(struct runner *runner);

#endif
