/* SPDX-License-Identifier: MIT
 *
 * What the old build of a fix showed, bug by bug, and how often the fixed one shows it.
 *
 * A row is one signature; findings whose stacks are too poor to tell them apart are one row for
 * each kind. Whoever knows better says so with patterns: each makes one row of all findings that it
 * matches, and the others are not judged.
 *
 * A pattern is a signature's key, or a glob (fnmatch(3)) of the key or of "KIND: TITLE".
 */
#ifndef JUDGE_FIX_ROWS_H
#define JUDGE_FIX_ROWS_H

#include "harness/judge/fix_verdict.h"
#include "harness/judge/result.h"

struct fix_rows {
    struct fix_row *items;
    size_t count;
    uint64_t new_signatures; /**< of the fixed build, that the old one never showed */
    uint64_t spoiled;        /**< trials of the old build in which nothing but bugs showed that are
                                  not judged */
};

/** Makes the rows. Either result may be NULL; both must outlive the rows. -1 without memory. */
int fix_rows_make(struct fix_rows *rows, const struct scenario_result *before,
                  const struct scenario_result *after, const char *const *patterns, size_t count);

/** Frees them. Zeroed rows are allowed. */
void fix_rows_release(struct fix_rows *rows);

/** Whether the fixed build's finding is one that the old build never showed. */
bool fix_rows_is_new(const struct scenario_result *before, const struct finding *finding);

/** Trials of the old build that count; none for NULL. failed: those with a finding. */
struct fix_trials fix_trials_before(const struct scenario_result *result);

/** Of the fixed build: only the clean ones count. One that died of what is not judged cannot have
 *  shown what is. */
struct fix_trials fix_trials_after(const struct scenario_result *result);

#endif
