/* SPDX-License-Identifier: MIT
 *
 * From single tests to verdicts: all of a comparison are one family.
 */
#include "harness/judge/compare.h"

#include "harness/judge/compare_finding.h"
#include "harness/judge/stat_budget.h"
#include "harness/judge/stat_multiple.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above this share of infrastructure failures the rest is not trusted either. */
#define MOST_INFRA 0.05
/* A 99 % quantile of fewer samples says little about the next one. */
#define QUANTILE 0.99

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {"pass", "better", "regression", "inconclusive", "skipped"};
    return names[verdict];
}

void compare_settings_init(struct compare_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->confidence = 0.95;
    settings->gate.crashes = true;
    settings->gate.leaks = true;
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        settings->margins[i] = compare_metrics[i].margin;
        settings->gate.metrics[i] = true;
    }
}

int compare_scenario_init(struct compare_scenario *scenario, const struct compare_side *a,
                          const struct compare_side *b, const struct compare_settings *settings,
                          struct failure *failure)
{
    memset(scenario, 0, sizeof *scenario);
    scenario->a = a;
    scenario->b = b;
    scenario->gate = settings->gate;
    scenario->paired = settings->paired;
    scenario->same_build = settings->same_build;
    scenario->confidence = settings->confidence;
    if (compare_findings_init(scenario, settings, failure) != 0) {
        return -1;
    }
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        if (compare_figure_init(&scenario->figures[i], i, a, b, settings, failure) != 0) {
            return -1;
        }
    }
    return 0;
}

void compare_scenario_release(struct compare_scenario *scenario)
{
    free(scenario->findings);
    scenario->findings = NULL;
    scenario->finding_count = 0;
}

/* ---- one family of tests ---- */

struct family {
    double *p;
    size_t count;
};

typedef void (*visit_fn)(double *p, double *adjusted, void *context);

static void each_finding(struct compare_scenario *scenarios, size_t count, bool worse,
                         visit_fn visit, void *context)
{
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < scenarios[s].finding_count; i++) {
            struct compare_finding *row = &scenarios[s].findings[i];
            if (worse) {
                double p = compare_finding_p(row);
                visit(&p, &row->p_worse_adjusted, context);
            } else {
                visit(&row->p_better, &row->p_better_adjusted, context);
            }
        }
    }
}

/* Only what was measured is a test. */
static void each_figure(struct compare_scenario *scenarios, size_t count, bool worse,
                        visit_fn visit, void *context)
{
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < COMPARE_METRICS; i++) {
            struct compare_figure *figure = &scenarios[s].figures[i];
            if (figure->verdict == COMPARE_SKIPPED || isnan(figure->estimate)) {
                continue;
            }
            if (worse) {
                visit(&figure->p_worse, &figure->p_worse_adjusted, context);
            } else {
                visit(&figure->p_better, &figure->p_better_adjusted, context);
            }
        }
    }
}

typedef void (*each_fn)(struct compare_scenario *scenarios, size_t count, bool worse,
                        visit_fn visit, void *context);

static void count_one(double *p, double *adjusted, void *context)
{
    (void)p;
    (void)adjusted;
    ++*(size_t *)context;
}

static void take_one(double *p, double *adjusted, void *context)
{
    struct family *family = context;
    (void)adjusted;
    family->p[family->count++] = isnan(*p) ? 1 : *p;
}

static void give_one(double *p, double *adjusted, void *context)
{
    struct family *family = context;
    (void)p;
    *adjusted = family->p[family->count++];
}

static int adjust(each_fn each, struct compare_scenario *scenarios, size_t count, bool worse,
                  struct failure *failure)
{
    struct family family = {NULL, 0};
    size_t tests = 0;
    each(scenarios, count, worse, count_one, &tests);
    family.p = calloc(tests + 1, sizeof *family.p);
    if (family.p == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a comparison");
    }
    each(scenarios, count, worse, take_one, &family);
    int result = stat_holm(family.p, tests, family.p, failure);
    family.count = 0;
    if (result == 0) {
        each(scenarios, count, worse, give_one, &family);
    }
    free(family.p);
    return result;
}

/* ---- verdicts ---- */

static void judge_figure(struct compare_figure *figure)
{
    if (figure->verdict == COMPARE_REGRESSION && figure->p_worse_adjusted > COMPARE_ALPHA) {
        figure->verdict = COMPARE_INCONCLUSIVE;
        (void)snprintf(figure->note, sizeof figure->note,
                       "beyond the margin, but of so many metrics one may be by chance");
    }
    if (figure->verdict == COMPARE_BETTER && figure->p_better_adjusted > COMPARE_ALPHA) {
        figure->verdict = COMPARE_PASS;
        figure->promising = true;
    }
}

/* The fewest latencies of a trial, where the metric is a 99 % quantile. */
static void doubt_quantiles(struct compare_scenario *scenario)
{
    double fewest = INFINITY;
    const struct compare_side *sides[] = {scenario->a, scenario->b};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < sides[s]->trial_count; i++) {
            const struct compare_trial *trial = &sides[s]->trials[i];
            fewest = trial->samples > 0 && trial->samples < fewest ? trial->samples : fewest;
        }
    }
    double needed = (double)stat_samples_for_quantile(QUANTILE, 0.95);
    for (size_t i = 0; i < COMPARE_METRICS && fewest < needed; i++) {
        struct compare_figure *figure = &scenario->figures[i];
        const struct compare_metric *metric = &compare_metrics[i];
        bool quantile = metric->phase != NULL && strcmp(metric->figure, "p99") == 0;
        if (quantile && figure->verdict != COMPARE_SKIPPED && figure->note[0] == '\0') {
            (void)snprintf(figure->note, sizeof figure->note,
                           "of %.0f latencies a trial; a 99 %% quantile needs %.0f", fewest,
                           needed);
        }
    }
}

static void take(struct compare_scenario *scenario, enum compare_verdict verdict, bool gated,
                 bool core, const char *what, const char *why)
{
    bool regression = verdict == COMPARE_REGRESSION && gated;
    bool undecided = verdict == COMPARE_INCONCLUSIVE && gated && core;
    if (regression && scenario->verdict != COMPARE_REGRESSION) {
        scenario->verdict = COMPARE_REGRESSION;
        (void)snprintf(scenario->reason, sizeof scenario->reason, "%.120s: %.120s", what, why);
    } else if (undecided && scenario->verdict == COMPARE_PASS) {
        scenario->verdict = COMPARE_INCONCLUSIVE;
        (void)snprintf(scenario->reason, sizeof scenario->reason, "%.120s: %.120s", what, why);
    }
}

/* What was not measured cannot pass. */
static void doubt_metrics(struct compare_scenario *scenario)
{
    bool wanted = false;
    bool measured = false;
    for (size_t i = 0; i < COMPARE_METRICS && !scenario->same_build; i++) {
        const struct compare_figure *figure = &scenario->figures[i];
        bool here = figure->verdict != COMPARE_SKIPPED;
        if (scenario->gate.named[i] && !here) {
            take(scenario, COMPARE_INCONCLUSIVE, true, true, compare_metrics[i].name,
                 "it is in --fail-on, and was not measured");
        }
        wanted = wanted || (figure->gated && compare_metrics[i].core);
        measured = measured || (here && compare_metrics[i].core);
    }
    if (wanted && !measured) {
        take(scenario, COMPARE_INCONCLUSIVE, true, true, "performance",
             "none of it was measured: too few trials, or --fail-on crashes,leaks");
    }
}

/* Trials so few that a client which always fails would not have been found out. */
static void doubt_trials(struct compare_scenario *scenario)
{
    if ((scenario->gate.crashes || scenario->gate.leaks) && !isfinite(scenario->detectable_rate) &&
        !scenario->sequential.used) {
        take(scenario, COMPARE_INCONCLUSIVE, true, true, "findings",
             "too few trials to see any new one");
    }
}

static bool is_untrustworthy(const struct compare_side *side)
{
    uint64_t run = side->judged + side->infra;
    return side->judged == 0 || (double)side->infra > MOST_INFRA * (double)run;
}

static void judge_scenario(struct compare_scenario *scenario)
{
    scenario->verdict = COMPARE_PASS;
    scenario->reason[0] = '\0';
    scenario->untrustworthy = is_untrustworthy(scenario->a) || is_untrustworthy(scenario->b);
    if (scenario->untrustworthy) {
        scenario->verdict = COMPARE_INCONCLUSIVE;
        (void)snprintf(scenario->reason, sizeof scenario->reason,
                       "the machine got in the way of too many trials (infra: %llu and %llu)",
                       (unsigned long long)scenario->a->infra,
                       (unsigned long long)scenario->b->infra);
    }
    for (size_t i = 0; i < scenario->finding_count; i++) {
        struct compare_finding *row = &scenario->findings[i];
        compare_finding_judge(row, &scenario->sequential);
        take(scenario, row->verdict, row->gated, true, row->title,
             row->note[0] != '\0' ? row->note : compare_status_name(row->status));
    }
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        struct compare_figure *figure = &scenario->figures[i];
        judge_figure(figure);
        take(scenario, figure->verdict, figure->gated, compare_metrics[i].core,
             compare_metrics[i].name,
             figure->note[0] != '\0' ? figure->note : compare_verdict_name(figure->verdict));
    }
    doubt_quantiles(scenario);
    doubt_metrics(scenario);
    doubt_trials(scenario);
}

/* Of a finding that is not there yet: its row, and perhaps that of any, would join the family. */
static double detectable_rate(const struct compare_scenario *scenario, size_t tests)
{
    size_t family = tests + 1 + (scenario->finding_count == 0);
    double alpha = COMPARE_ALPHA / (double)family / (scenario->paired ? 2 : 1);
    /* More trials find no less. */
    uint64_t a = scenario->a->judged < STAT_POWER_MAX ? scenario->a->judged : STAT_POWER_MAX;
    uint64_t b = scenario->b->judged < STAT_POWER_MAX ? scenario->b->judged : STAT_POWER_MAX;
    return stat_detectable_rate(a, 0, b, alpha, COMPARE_POWER);
}

/* A regression must pass two tests: the interval's, and that of the whole family. */
static void set_power(struct compare_scenario *scenarios, size_t count)
{
    size_t tests = 0;
    size_t findings = 0;
    each_figure(scenarios, count, true, count_one, &tests);
    each_finding(scenarios, count, true, count_one, &findings);
    for (size_t s = 0; s < count; s++) {
        scenarios[s].detectable_rate = detectable_rate(&scenarios[s], findings);
        for (size_t i = 0; i < COMPARE_METRICS; i++) {
            double alpha = (1 - scenarios[s].confidence) / 2;
            compare_figure_power(&scenarios[s].figures[i],
                                 fmin(alpha, COMPARE_ALPHA / (double)(tests > 0 ? tests : 1)));
        }
    }
}

int compare_judge(struct compare_scenario *scenarios, size_t count, enum compare_verdict *verdict,
                  struct failure *failure)
{
    if (adjust(each_finding, scenarios, count, true, failure) != 0 ||
        adjust(each_finding, scenarios, count, false, failure) != 0 ||
        adjust(each_figure, scenarios, count, true, failure) != 0 ||
        adjust(each_figure, scenarios, count, false, failure) != 0) {
        return -1;
    }
    set_power(scenarios, count);
    *verdict = count > 0 ? COMPARE_PASS : COMPARE_INCONCLUSIVE;
    for (size_t i = 0; i < count; i++) {
        judge_scenario(&scenarios[i]);
        if (scenarios[i].verdict == COMPARE_REGRESSION ||
            (scenarios[i].verdict == COMPARE_INCONCLUSIVE && *verdict == COMPARE_PASS)) {
            *verdict = scenarios[i].verdict;
        }
    }
    return 0;
}

bool compare_wants_more(const struct compare_scenario *scenario)
{
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        const struct compare_figure *figure = &scenario->figures[i];
        bool undecided = figure->verdict == COMPARE_INCONCLUSIVE &&
                         (compare_metrics[i].core || figure->interval.low > 1);
        /* Ten pairs prove one change among ten metrics at best, and the family may still grow. */
        bool changed = figure->verdict == COMPARE_REGRESSION || figure->verdict == COMPARE_BETTER ||
                       figure->promising;
        if (figure->gated && !compare_metrics[i].counted && (undecided || changed)) {
            return true;
        }
    }
    return false;
}

const struct compare_finding *compare_wants_replay(const struct compare_scenario *scenario,
                                                   size_t i)
{
    const struct compare_finding *row = &scenario->findings[i];
    bool wants = row->a_hits == 0 && row->b_hits > 0 && row->verdict == COMPARE_INCONCLUSIVE &&
                 strcmp(row->key, "any") != 0;
    return wants ? row : NULL;
}
