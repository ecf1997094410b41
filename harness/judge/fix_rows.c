/* SPDX-License-Identifier: MIT
 *
 * Sorts the findings of two builds into rows and counts the trials of each.
 */
#include "harness/judge/fix_rows.h"

#include "harness/judge/rate.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool matches(const char *pattern, const struct finding *finding)
{
    char line[1024];
    (void)snprintf(line, sizeof line, "%s: %s", finding_kind_name(finding->kind), finding->title);
    return strcmp(pattern, finding->signature.key) == 0 ||
           fnmatch(pattern, finding->signature.key, 0) == 0 || fnmatch(pattern, line, 0) == 0;
}

static bool is_same(const struct finding *one, const struct finding *other)
{
    return strcmp(one->signature.key, other->signature.key) == 0 ||
           (one->kind == other->kind && finding_is_poor(one) && finding_is_poor(other));
}

static const struct finding *known_before(const struct scenario_result *before,
                                          const struct finding *finding)
{
    for (size_t i = 0; before != NULL && i < before->findings.count; i++) {
        if (is_same(before->findings.items[i], finding)) {
            return before->findings.items[i];
        }
    }
    return NULL;
}

bool fix_rows_is_new(const struct scenario_result *before, const struct finding *finding)
{
    return finding->kind != FINDING_INFRA && known_before(before, finding) == NULL;
}

/* The row of a finding of the old build, or NULL. */
static struct fix_row *row_of(const struct fix_rows *rows, const struct finding *finding)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct fix_row *row = &rows->items[i];
        if (row->pattern != NULL ? matches(row->pattern, finding)
                                 : is_same(row->example, finding)) {
            return row;
        }
    }
    return NULL;
}

static void add_before(struct fix_rows *rows, const struct finding *finding, bool restricted)
{
    if (finding->kind == FINDING_INFRA) {
        return;
    }
    struct fix_row *row = row_of(rows, finding);
    if (row == NULL) {
        row = &rows->items[rows->count++];
        *row = (struct fix_row){.judged = !restricted};
    }
    if (row->example == NULL) {
        row->example = finding;
    }
    row->findings++;
    row->whole = row->whole || finding->kind == FINDING_THRESHOLD;
}

/* Marks the trials that showed the finding: as many as there is room for, so that a row rather
 * counts too few than too many. */
static void mark(bool *trials, size_t count, const struct finding *finding)
{
    for (size_t i = 0; i < finding->onset_count; i++) {
        if (finding->onsets[i].trial < count) {
            trials[finding->onsets[i].trial] = true;
        }
    }
}

static uint64_t sum(const bool *trials, size_t count)
{
    uint64_t marked = 0;
    for (size_t i = 0; i < count; i++) {
        marked += trials[i];
    }
    return marked;
}

static size_t trial_numbers(const struct scenario_result *result)
{
    size_t most = 0;
    for (size_t i = 0; i < result->trial_count; i++) {
        most = result->trials[i].index >= most ? result->trials[i].index + 1U : most;
    }
    return most;
}

/* The trials of the old build in which one of the rows chosen showed. */
static uint64_t count_before(const struct fix_rows *rows, const struct scenario_result *before,
                             const struct fix_row *only, bool *trials, size_t count)
{
    memset(trials, 0, count * sizeof *trials);
    for (size_t i = 0; i < before->findings.count; i++) {
        const struct finding *finding = before->findings.items[i];
        const struct fix_row *row = finding->kind != FINDING_INFRA ? row_of(rows, finding) : NULL;
        if (row != NULL && (only != NULL ? row == only : row->judged)) {
            mark(trials, count, finding);
        }
    }
    return sum(trials, count);
}

static void count_after(struct fix_rows *rows, const struct scenario_result *before,
                        const struct scenario_result *after)
{
    for (size_t i = 0; after != NULL && i < after->findings.count; i++) {
        const struct finding *finding = after->findings.items[i];
        const struct finding *known = known_before(before, finding);
        struct fix_row *row = known != NULL ? row_of(rows, known) : NULL;
        if (row != NULL) {
            row->after += finding->trials;
        } else {
            rows->new_signatures += fix_rows_is_new(before, finding);
        }
    }
}

static int count_all(struct fix_rows *rows, const struct scenario_result *before)
{
    size_t count = trial_numbers(before);
    bool *trials = calloc(count + 1, sizeof *trials);
    if (trials == NULL) {
        return -1;
    }
    for (size_t i = 0; i < rows->count; i++) {
        struct fix_row *row = &rows->items[i];
        row->before = count_before(rows, before, row, trials, count);
        row->before = row->whole && row->before == 0 ? 1 : row->before;
    }
    uint64_t judged = count_before(rows, before, NULL, trials, count);
    rows->spoiled =
        before->trials_with_findings > judged ? before->trials_with_findings - judged : 0;
    free(trials);
    return 0;
}

int fix_rows_make(struct fix_rows *rows, const struct scenario_result *before,
                  const struct scenario_result *after, const char *const *patterns, size_t count)
{
    size_t most = count + (before != NULL ? before->findings.count : 0);
    *rows = (struct fix_rows){.items = calloc(most + 1, sizeof *rows->items)};
    if (rows->items == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        rows->items[rows->count++] = (struct fix_row){.pattern = patterns[i], .judged = true};
    }
    for (size_t i = 0; before != NULL && i < before->findings.count; i++) {
        add_before(rows, before->findings.items[i], count > 0);
    }
    count_after(rows, before, after);
    if (before != NULL && count_all(rows, before) != 0) {
        fix_rows_release(rows);
        return -1;
    }
    return 0;
}

void fix_rows_release(struct fix_rows *rows)
{
    free(rows->items);
    *rows = (struct fix_rows){0};
}

struct fix_trials fix_trials_before(const struct scenario_result *result)
{
    struct fix_trials trials = {0, 0, true};
    if (result != NULL) {
        trials.failed = result->trials_with_findings;
        trials.run = rate_trials(result);
        trials.trustworthy = !rate_is_untrustworthy(result);
    }
    return trials;
}

struct fix_trials fix_trials_after(const struct scenario_result *result)
{
    struct fix_trials trials = fix_trials_before(result);
    if (result != NULL) {
        trials.run = result->trials_clean;
    }
    return trials;
}
