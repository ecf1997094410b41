/* SPDX-License-Identifier: MIT
 *
 * One metric: which trials take part, how far the sides are apart, how small a difference would
 * have been seen.
 */
#include "harness/judge/compare.h"

#include "harness/judge/stat_budget.h"
#include "harness/judge/stat_rank.h"
#include "harness/judge/stat_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer values on a side, not paired, bound no shift at 95 %. */
#define FEWEST_UNPAIRED 4U

/* The values of one metric, ratios as logarithms; b[i] belongs to a[i] where they are paired. */
struct values {
    double *a, *b;
    size_t a_count, b_count;
};

static int values_init(struct values *values, const struct compare_side *a,
                       const struct compare_side *b, struct failure *failure)
{
    memset(values, 0, sizeof *values);
    values->a = calloc(a->trial_count + 1, sizeof *values->a);
    values->b = calloc(b->trial_count + 1, sizeof *values->b);
    if (values->a == NULL || values->b == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a comparison");
    }
    return 0;
}

static void values_release(struct values *values)
{
    free(values->a);
    free(values->b);
}

static bool takes_part(const struct compare_trial *trial, size_t metric,
                       const struct compare_settings *settings)
{
    if (compare_metrics[metric].counted) {
        return trial->judged;
    }
    return trial->judged && trial->index >= settings->warm_up &&
           (settings->pairs == 0 || trial->index - settings->warm_up < settings->pairs);
}

/* NaN where the trial does not tell, or tells what has no logarithm. */
static double value_of(const struct compare_trial *trial, size_t metric)
{
    double value = trial->values[metric];
    if (!isfinite(value)) {
        return NAN;
    }
    return compare_metrics[metric].measure == COMPARE_DIFFERENCE ? value
           : value > 0                                           ? log(value)
                                                                 : NAN;
}

static const struct compare_trial *trial_of(const struct compare_side *side, uint32_t index)
{
    for (size_t i = 0; i < side->trial_count; i++) {
        if (side->trials[i].index == index) {
            return &side->trials[i];
        }
    }
    return NULL;
}

static void collect_pairs(struct values *values, size_t metric, const struct compare_side *a,
                          const struct compare_side *b, const struct compare_settings *settings)
{
    for (size_t i = 0; i < a->trial_count; i++) {
        const struct compare_trial *other = trial_of(b, a->trials[i].index);
        if (other == NULL || !takes_part(&a->trials[i], metric, settings) ||
            !takes_part(other, metric, settings)) {
            continue;
        }
        double first = value_of(&a->trials[i], metric);
        double second = value_of(other, metric);
        if (!isnan(first) && !isnan(second)) {
            values->a[values->a_count++] = first;
            values->b[values->b_count++] = second;
        }
    }
}

static bool is_measured(const struct compare_side *side, size_t metric,
                        const struct compare_settings *settings)
{
    for (size_t i = 0; i < side->trial_count; i++) {
        if (takes_part(&side->trials[i], metric, settings) &&
            !isnan(value_of(&side->trials[i], metric))) {
            return true;
        }
    }
    return false;
}

static size_t collect_side(double *to, size_t metric, const struct compare_side *side,
                           const struct compare_settings *settings)
{
    size_t count = 0;
    for (size_t i = 0; i < side->trial_count; i++) {
        double value = value_of(&side->trials[i], metric);
        if (takes_part(&side->trials[i], metric, settings) && !isnan(value)) {
            to[count++] = value;
        }
    }
    return count;
}

static double median_of(const double *values, size_t count)
{
    double *sorted = stat_sorted_copy(values, count, NULL);
    double median = sorted != NULL ? stat_median_of_sorted(sorted, count) : NAN;
    free(sorted);
    return median;
}

static double deviation_of(const double *values, size_t count)
{
    double mean = 0;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        mean += values[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return count < 2 ? NAN : sqrt(squares / (double)(count - 1));
}

/* What all tests are made of: the distance of B above A, less a shift. */
struct distance {
    struct stat_location location;
    double p_above; /* that it is not above the margin */
    double p_below; /* that it is not below the margin on the other side */
    double sd;
    size_t outliers;
};

static int judge_pairs(const struct values *values, double margin, double confidence,
                       struct distance *distance, struct failure *failure)
{
    size_t n = values->a_count;
    struct stat_rank_test test;
    double *differences = calloc(n + 1, sizeof *differences);
    bool *flags = calloc(n + 1, sizeof *flags);
    int result = -1;
    if (differences == NULL || flags == NULL) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a comparison");
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        differences[i] = values->b[i] - values->a[i];
    }
    int outliers = stat_flag_outliers(differences, n, flags, failure);
    if (outliers < 0 ||
        stat_hodges_lehmann(differences, n, confidence, &distance->location, failure) != 0) {
        goto done;
    }
    distance->outliers = (size_t)outliers;
    distance->sd = deviation_of(differences, n);
    for (size_t i = 0; i < n; i++) {
        differences[i] -= margin;
    }
    if (stat_signed_rank(differences, n, &test, failure) != 0) {
        goto done;
    }
    distance->p_above = test.p_greater;
    for (size_t i = 0; i < n; i++) {
        differences[i] += 2 * margin;
    }
    if (stat_signed_rank(differences, n, &test, failure) != 0) {
        goto done;
    }
    distance->p_below = test.p_less;
    result = 0;
done:
    free(differences);
    free(flags);
    return result;
}

static int judge_samples(const struct values *values, double margin, double confidence,
                         struct distance *distance, struct failure *failure)
{
    struct stat_rank_test test;
    double *moved = calloc(values->b_count + 1, sizeof *moved);
    int result = -1;
    if (moved == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a comparison");
    }
    if (stat_hodges_lehmann_shift(values->a, values->a_count, values->b, values->b_count,
                                  confidence, &distance->location, failure) != 0) {
        goto done;
    }
    /* The difference of two single values varies as much as both together. */
    distance->sd =
        hypot(deviation_of(values->a, values->a_count), deviation_of(values->b, values->b_count));
    for (size_t i = 0; i < values->b_count; i++) {
        moved[i] = values->b[i] - margin;
    }
    if (stat_mann_whitney(moved, values->b_count, values->a, values->a_count, &test, failure) !=
        0) {
        goto done;
    }
    distance->p_above = test.p_greater;
    for (size_t i = 0; i < values->b_count; i++) {
        moved[i] += 2 * margin;
    }
    if (stat_mann_whitney(moved, values->b_count, values->a, values->a_count, &test, failure) !=
        0) {
        goto done;
    }
    distance->p_below = test.p_less;
    result = 0;
done:
    free(moved);
    return result;
}

/* By the interval alone; see compare_judge for the rest. */
static enum compare_verdict verdict_of(struct stat_interval distance, double margin)
{
    return distance.low > margin     ? COMPARE_REGRESSION
           : distance.high < -margin ? COMPARE_BETTER
           : distance.high < margin  ? COMPARE_PASS
                                     : COMPARE_INCONCLUSIVE;
}

static void skip(struct compare_figure *figure, const char *note)
{
    figure->verdict = COMPARE_SKIPPED;
    (void)snprintf(figure->note, sizeof figure->note, "%s", note);
}

/* Slopes within single trials, where there are too few trials for one number each: bounds that do
 * not overlap. */
static void judge_slopes(struct compare_figure *figure, const struct compare_side *a,
                         const struct compare_side *b, double margin)
{
    const struct compare_trial *first = &a->trials[0];
    const struct compare_trial *second = &b->trials[0];
    if (a->trial_count != 1 || b->trial_count != 1 || isnan(first->slope.low) ||
        isnan(second->slope.low)) {
        return;
    }
    figure->interval = (struct stat_interval){second->slope.low - first->slope.high,
                                              second->slope.high - first->slope.low};
    figure->estimate = figure->b - figure->a;
    figure->verdict = verdict_of(figure->interval, margin);
    (void)snprintf(figure->note, sizeof figure->note,
                   "one trial on each side: the bounds of its slope");
    bool apart = figure->verdict == COMPARE_REGRESSION && second->slope.low > margin;
    figure->p_worse = apart ? 0 : 1;
    figure->p_better = figure->verdict == COMPARE_BETTER ? 0 : 1;
}

void compare_figure_power(struct compare_figure *figure, double alpha)
{
    size_t pairs = figure->a_count < figure->b_count ? figure->a_count : figure->b_count;
    if (isnan(figure->sd)) {
        return;
    }
    /* The answer for one standard deviation, in logarithms: it grows in proportion. */
    double unit = stat_detectable_effect(1, pairs, alpha, COMPARE_POWER);
    figure->detectable = figure->margin + (figure->sd > 0 ? figure->sd * log1p(unit) : 0);
    if (compare_metrics[figure->metric].measure == COMPARE_RATIO) {
        figure->detectable = exp(figure->detectable);
    }
}

static void describe(struct compare_figure *figure, const struct distance *distance, double margin)
{
    bool ratio = compare_metrics[figure->metric].measure == COMPARE_RATIO;
    figure->verdict = verdict_of(distance->location.interval, margin);
    figure->estimate = distance->location.estimate;
    figure->interval = distance->location.interval;
    figure->sd = distance->sd;
    figure->p_worse = distance->p_above;
    figure->p_better = distance->p_below;
    figure->outliers = distance->outliers;
    figure->margin = margin;
    if (ratio) {
        figure->estimate = exp(figure->estimate);
        figure->interval.low = exp(figure->interval.low);
        figure->interval.high = exp(figure->interval.high);
    }
}

static int collect(struct values *values, size_t metric, const struct compare_side *a,
                   const struct compare_side *b, const struct compare_settings *settings,
                   struct failure *failure)
{
    if (values_init(values, a, b, failure) != 0) {
        return -1;
    }
    if (settings->paired) {
        collect_pairs(values, metric, a, b, settings);
    } else {
        values->a_count = collect_side(values->a, metric, a, settings);
        values->b_count = collect_side(values->b, metric, b, settings);
    }
    return 0;
}

static int judge_enough(struct compare_figure *figure, const struct values *values, double margin,
                        const struct compare_settings *settings, struct failure *failure)
{
    struct distance distance;
    memset(&distance, 0, sizeof distance);
    int result = settings->paired
                     ? judge_pairs(values, margin, settings->confidence, &distance, failure)
                     : judge_samples(values, margin, settings->confidence, &distance, failure);
    if (result == 0) {
        describe(figure, &distance, margin);
    }
    return result;
}

static void figure_clear(struct compare_figure *figure, size_t metric,
                         const struct compare_settings *settings)
{
    memset(figure, 0, sizeof *figure);
    figure->metric = metric;
    figure->gated = settings->gate.metrics[metric];
    figure->p_worse = figure->p_better = 1;
    figure->p_worse_adjusted = figure->p_better_adjusted = 1;
    figure->a = figure->b = figure->estimate = figure->sd = figure->detectable = NAN;
    figure->interval = stat_no_interval();
    figure->verdict = COMPARE_INCONCLUSIVE;
}

int compare_figure_init(struct compare_figure *figure, size_t metric, const struct compare_side *a,
                        const struct compare_side *b, const struct compare_settings *settings,
                        struct failure *failure)
{
    struct values values;
    bool ratio = compare_metrics[metric].measure == COMPARE_RATIO;
    double margin = ratio ? log1p(settings->margins[metric]) : settings->margins[metric];
    int result = collect(&values, metric, a, b, settings, failure);
    figure_clear(figure, metric, settings);
    if (result == 0) {
        size_t fewest = values.a_count < values.b_count ? values.a_count : values.b_count;
        figure->a_count = values.a_count;
        figure->b_count = values.b_count;
        figure->a = median_of(values.a, values.a_count);
        figure->b = median_of(values.b, values.b_count);
        if (ratio) {
            figure->a = exp(figure->a);
            figure->b = exp(figure->b);
        }
        bool first = is_measured(a, metric, settings);
        bool second = is_measured(b, metric, settings);
        if (!first && !second) {
            skip(figure, "not measured");
        } else if (settings->same_build) {
            skip(figure, "both sides are the same build with the same options");
        } else if (first != second) {
            (void)snprintf(figure->note, sizeof figure->note, "nothing above 0 on the %s",
                           first ? "candidate" : "baseline");
        } else if (fewest >= (settings->paired ? STAT_PAIRS_MIN : FEWEST_UNPAIRED)) {
            result = judge_enough(figure, &values, margin, settings, failure);
        } else {
            (void)snprintf(figure->note, sizeof figure->note, "too few trials: %zu and %zu",
                           values.a_count, values.b_count);
            if (!ratio) {
                judge_slopes(figure, a, b, margin);
            }
        }
    }
    values_release(&values);
    return result;
}
