/* SPDX-License-Identifier: MIT
 *
 * One signature: how often on either side, and what that proves.
 */
#include "harness/judge/compare_finding.h"

#include "harness/judge/stat_binomial.h"
#include "harness/judge/stat_budget.h"
#include "harness/judge/stat_sequential.h"
#include "harness/judge/stat_two_by_two.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95
/* A known finding whose rate surely grew by less is the same. */
#define SAME_RATE 0.1
/* That the baseline would have shown in its replays what the candidate did. */
#define REPLAY_CONFIDENCE 0.95

const char *compare_status_name(enum compare_status status)
{
    static const char *const names[] = {"new", "fixed", "worse", "better", "same", "undecided"};
    return names[status];
}

static bool is_leak(const char *kind)
{
    return strcmp(kind, "leak") == 0 || strcmp(kind, "lsan") == 0;
}

/* Adds a row for that hit unless there is one. */
static void add_row(struct compare_scenario *scenario, const struct compare_hit *hit,
                    const struct compare_settings *settings)
{
    for (size_t i = 0; i < scenario->finding_count; i++) {
        if (strcmp(scenario->findings[i].key, hit->key) == 0) {
            return;
        }
    }
    struct compare_finding *row = &scenario->findings[scenario->finding_count++];
    row->key = hit->key;
    row->kind = hit->kind;
    row->title = hit->title;
    row->reproduce = hit->reproduce;
    row->leak = is_leak(hit->kind);
    row->gated = row->leak ? settings->gate.leaks : settings->gate.crashes;
}

static void count_row(struct compare_finding *row, const struct compare_side *a,
                      const struct compare_side *b)
{
    const struct compare_hit *first = compare_side_hit(a, row->key);
    const struct compare_hit *second = compare_side_hit(b, row->key);
    row->a_trials = a->judged;
    row->b_trials = b->judged;
    row->a_hits = first != NULL ? first->trials : 0;
    row->b_hits = second != NULL ? second->trials : 0;
}

/* Trials of equal seed that failed on one side only. */
static double pair_failures(const struct compare_side *a, const struct compare_side *b,
                            const struct compare_gate *gate)
{
    uint64_t pairs = 0;
    uint64_t only_a = 0;
    uint64_t only_b = 0;
    for (size_t i = 0; i < a->trial_count; i++) {
        for (size_t j = 0; j < b->trial_count; j++) {
            if (a->trials[i].judged && b->trials[j].judged &&
                a->trials[i].index == b->trials[j].index &&
                strcmp(a->trials[i].seed, b->trials[j].seed) == 0) {
                bool first = compare_trial_failed(&a->trials[i], gate->crashes, gate->leaks);
                bool second = compare_trial_failed(&b->trials[j], gate->crashes, gate->leaks);
                pairs++;
                only_a += first && !second;
                only_b += second && !first;
            }
        }
    }
    return pairs > 0 ? stat_mcnemar(only_a, only_b) : NAN;
}

static void measure(struct compare_finding *row, bool paired)
{
    struct stat_two_by_two table = {row->a_hits, row->a_trials, row->b_hits, row->b_trials};
    struct stat_two_by_two swapped = {row->b_hits, row->b_trials, row->a_hits, row->a_trials};
    bool small = row->a_trials <= COMPARE_BOSCHLOO && row->b_trials <= COMPARE_BOSCHLOO;
    row->test = small ? "boschloo" : "fisher";
    row->p_worse = small ? stat_boschloo(table) : stat_fisher(table);
    row->p_better = small ? stat_boschloo(swapped) : stat_fisher(swapped);
    row->a_rate = stat_wilson(row->a_hits, row->a_trials, CONFIDENCE);
    row->b_rate = stat_wilson(row->b_hits, row->b_trials, CONFIDENCE);
    row->difference = stat_newcombe(table, CONFIDENCE);
    row->e_value = paired ? stat_e_value(row->a_hits, row->b_hits) : NAN;
}

struct compare_gate compare_gate_of_any(const struct compare_settings *settings)
{
    struct compare_gate gate = settings->gate;
    bool none = !gate.crashes && !gate.leaks;
    gate.crashes = gate.crashes || none;
    gate.leaks = gate.leaks || none;
    return gate;
}

int compare_findings_init(struct compare_scenario *scenario,
                          const struct compare_settings *settings, struct failure *failure)
{
    const struct compare_side *a = scenario->a;
    const struct compare_side *b = scenario->b;
    size_t most = a->hit_count + b->hit_count + 1;
    scenario->findings = calloc(most, sizeof *scenario->findings);
    if (scenario->findings == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a comparison");
    }
    bool gated = settings->gate.crashes || settings->gate.leaks;
    struct compare_gate gate = compare_gate_of_any(settings);
    uint64_t a_failed = compare_side_failed(a, gate.crashes, gate.leaks);
    uint64_t b_failed = compare_side_failed(b, gate.crashes, gate.leaks);
    for (size_t i = 0; i < b->hit_count; i++) {
        add_row(scenario, &b->hits[i], settings);
    }
    for (size_t i = 0; i < a->hit_count; i++) {
        add_row(scenario, &a->hits[i], settings);
    }
    if (a_failed + b_failed > 0) {
        struct compare_finding *any = &scenario->findings[scenario->finding_count++];
        *any = (struct compare_finding){.key = "any",
                                        .kind = "any",
                                        .title = !gate.leaks     ? "any finding but leaks"
                                                 : !gate.crashes ? "any leak"
                                                                 : "any finding at all",
                                        .reproduce = "",
                                        .a_hits = a_failed,
                                        .a_trials = a->judged,
                                        .b_hits = b_failed,
                                        .b_trials = b->judged,
                                        .gated = gated};
    }
    for (size_t i = 0; i < scenario->finding_count; i++) {
        struct compare_finding *row = &scenario->findings[i];
        row->mcnemar = NAN;
        if (strcmp(row->key, "any") == 0) {
            row->mcnemar = pair_failures(a, b, &gate);
        } else {
            count_row(row, a, b);
        }
        measure(row, settings->paired);
    }
    return 0;
}

/* Replays have a seed that was chosen because B fails with it: they count for no rate. */
void compare_add_replay(struct compare_scenario *scenario, const char *key,
                        const struct compare_replay *replay)
{
    for (size_t i = 0; i < scenario->finding_count; i++) {
        struct compare_finding *row = &scenario->findings[i];
        if (strcmp(row->key, key) == 0) {
            row->replay = *replay;
        }
    }
}

void compare_set_sequential(struct compare_scenario *scenario,
                            const struct compare_sequential *sequential)
{
    scenario->sequential = *sequential;
    for (size_t i = 0; i < scenario->finding_count; i++) {
        struct compare_finding *row = &scenario->findings[i];
        row->test = "e-value";
        row->p_worse = row->e_value > 1 ? 1 / row->e_value : 1;
    }
}

double compare_finding_p(const struct compare_finding *row)
{
    double by_e = row->e_value > 1 ? 1 / row->e_value : 1;
    return isnan(row->e_value)                 ? row->p_worse
           : strcmp(row->test, "e-value") == 0 ? by_e
                                               : fmin(1, 2 * fmin(row->p_worse, by_e));
}

bool compare_replay_reproduces(const struct compare_replay *replay)
{
    if (replay->b_hits == 0 || replay->a_hits > 0) {
        return false;
    }
    /* One more that did not show it: what came in all of so few may come in some of many. */
    double rate = (double)replay->b_hits / ((double)replay->b_run + 1);
    return replay->a_run >= stat_runs_to_see(rate, REPLAY_CONFIDENCE);
}

uint64_t compare_replay_needs(const struct compare_finding *row)
{
    double rate = (double)row->b_hits / (double)row->b_trials;
    uint64_t needed = stat_runs_to_see(rate, 1 - COMPARE_ALPHA);
    uint64_t clean = row->a_trials + row->replay.a_fresh;
    return row->replay.a_fresh_hits > 0 || needed <= clean ? 0 : needed - clean;
}

static void set(struct compare_finding *row, enum compare_status status,
                enum compare_verdict verdict, const char *note)
{
    row->status = status;
    row->verdict = verdict;
    (void)snprintf(row->note, sizeof row->note, "%s", note);
}

static void judge_worse(struct compare_finding *row, bool proved)
{
    bool known = row->a_hits > 0;
    bool shared = row->replay.a_hits + row->replay.a_fresh_hits > 0;
    uint64_t times = row->b_hits + row->replay.b_hits;
    bool reproduced =
        compare_replay_reproduces(&row->replay) && !shared && compare_replay_needs(row) == 0;
    if (proved && known) {
        set(row, COMPARE_WORSE, COMPARE_REGRESSION, "");
    } else if (!known && times >= 2 && (proved || reproduced)) {
        set(row, COMPARE_NEW, COMPARE_REGRESSION, "");
    } else if (!known && shared) {
        set(row, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE,
            "in replays and further trials the baseline shows it, too");
    } else if (!known && times == 1) {
        set(row, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE, "new, but it came once only: a warning");
    } else if (!known) {
        set(row, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE,
            "new, but the baseline had too few trials to be clean of it");
    } else {
        set(row, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE, "not enough trials to tell");
    }
}

/* The row of all findings, after a sequential test. */
static void judge_sequential(struct compare_finding *row, enum stat_sprt_outcome outcome)
{
    if (outcome == STAT_SPRT_WORSE) {
        set(row, COMPARE_WORSE, COMPARE_REGRESSION, "by the sequential test");
    } else if (outcome == STAT_SPRT_NOT_WORSE) {
        set(row, COMPARE_SAME, COMPARE_PASS, "by the sequential test");
    } else {
        set(row, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE,
            "the sequential test has not decided yet");
    }
}

void compare_finding_judge(struct compare_finding *row, const struct compare_sequential *sequential)
{
    if (sequential->used && strcmp(row->key, "any") == 0) {
        judge_sequential(row, sequential->outcome);
        return;
    }
    bool more =
        (double)row->b_hits * (double)row->a_trials > (double)row->a_hits * (double)row->b_trials;
    bool worse = row->p_worse_adjusted <= COMPARE_ALPHA && row->difference.low > 0;
    bool better = row->p_better_adjusted <= COMPARE_ALPHA && row->difference.high < 0;
    if (better) {
        set(row, row->b_hits == 0 ? COMPARE_FIXED : COMPARE_LESS, COMPARE_BETTER, "");
    } else if (worse) {
        judge_worse(row, true);
    } else if (!more) {
        bool gone = row->b_hits == 0 && row->a_hits > 0;
        set(row, gone ? COMPARE_UNDECIDED : COMPARE_SAME, COMPARE_PASS,
            gone ? "not seen any more, but that may be chance" : "");
    } else if (sequential->used && sequential->outcome == STAT_SPRT_NOT_WORSE && row->a_hits > 0) {
        set(row, COMPARE_SAME, COMPARE_PASS, "known, and by the sequential test of all not worse");
    } else if (row->a_hits > 0 && row->difference.high <= SAME_RATE) {
        set(row, COMPARE_SAME, COMPARE_PASS, "");
    } else {
        judge_worse(row, false);
    }
}
