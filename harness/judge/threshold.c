/* SPDX-License-Identifier: MIT
 *
 * Evaluates thresholds on the sums of all trials that count.
 */
#include "harness/judge/threshold.h"

#include "harness/judge/words.h"

#include <stdio.h>

static bool ratio(double part, double whole, double *value)
{
    if (whole <= 0) {
        return false;
    }
    *value = part / whole;
    return true;
}

static bool measure_latency(const struct histogram *histogram, double quantile, double *value)
{
    if (histogram->count == 0) {
        return false;
    }
    if (quantile < 0) {
        *value = (double)histogram->sum / (double)histogram->count;
    } else if (quantile >= 1) {
        *value = (double)histogram->maximum;
    } else {
        *value = (double)histogram_quantile(histogram, quantile);
    }
    return true;
}

static double all_operations(const struct scenario_result *result)
{
    const struct logbook_counters *counters = &result->counters;
    return (double)counters->connects + (double)counters->requests + (double)counters->pings +
           (double)result->latencies[LATENCY_CLOSE].count;
}

bool threshold_measure(const struct scenario_result *result, const struct metric *metric,
                       double *value)
{
    const struct logbook_counters *counters = &result->counters;
    double handshakes = (double)counters->handshakes_full + (double)counters->handshakes_resumed;
    double clients = (double)result->scenario->load.clients;
    switch (metric->id) {
    case METRIC_LATENCY:
        return (unsigned)metric->latency < LATENCIES &&
               measure_latency(&result->latencies[metric->latency], metric->quantile, value);
    case METRIC_ERRORS_RATE:
        return ratio((double)result->unexplained_errors, all_operations(result), value);
    case METRIC_ERRORS_COUNT:
        *value = (double)result->unexplained_errors;
        return true;
    case METRIC_CYCLES_FAILED:
        *value = (double)counters->cycles_failed;
        return true;
    case METRIC_CYCLES_RATE:
        return ratio((double)counters->cycles_completed * 1e9, (double)result->run_ns, value);
    case METRIC_HANDSHAKES_RESUMED_RATE:
        return ratio((double)counters->handshakes_resumed, handshakes, value);
    case METRIC_CPU_PER_CYCLE:
        return ratio((double)result->cpu_ns, (double)result->cpu_cycles, value);
    case METRIC_MEMORY_PEAK:
        *value = (double)result->peak_rss;
        return result->peak_rss > 0;
    case METRIC_MEMORY_PER_INSTANCE:
        return result->peak_rss > result->baseline_rss && result->baseline_rss > 0 &&
               ratio((double)(result->peak_rss - result->baseline_rss), clients, value);
    }
    return false;
}

bool threshold_holds(const struct threshold *threshold, double value)
{
    switch (threshold->comparison) {
    case LESS:
        return value < threshold->value;
    case LESS_EQUAL:
        return value <= threshold->value;
    case EQUAL:
        return !(value < threshold->value) && !(value > threshold->value);
    case NOT_EQUAL:
        return value < threshold->value || value > threshold->value;
    case GREATER_EQUAL:
        return value >= threshold->value;
    case GREATER:
        return value > threshold->value;
    }
    return false;
}

/* Sums and maxima: what comes later only adds to them. */
static bool only_grows(const struct metric *metric)
{
    return metric->id == METRIC_ERRORS_COUNT || metric->id == METRIC_CYCLES_FAILED ||
           metric->id == METRIC_MEMORY_PEAK;
}

static bool cannot_mend(const struct threshold *threshold, const struct metric *metric,
                        double value)
{
    enum comparison comparison = threshold->comparison;
    return only_grows(metric) && (comparison == LESS || comparison == LESS_EQUAL ||
                                  (comparison == EQUAL && value > threshold->value));
}

enum threshold_state threshold_state(const struct scenario_result *result,
                                     const struct threshold *threshold, double *value)
{
    const struct metric *metric = metric_named(threshold->metric);
    *value = 0;
    if (metric == NULL || !threshold_measure(result, metric, value)) {
        return THRESHOLD_UNKNOWN;
    }
    bool holds = threshold_holds(threshold, *value);
    bool whole = result->stop_rule[0] != '\0' && !result->interrupted &&
                 result->trials_run > result->trials_infra;
    if (!whole && (holds || !cannot_mend(threshold, metric, *value))) {
        return THRESHOLD_UNKNOWN;
    }
    return holds ? THRESHOLD_KEPT : THRESHOLD_BROKEN;
}

static void add_value(struct buffer *text, enum metric_unit unit, double value)
{
    switch (unit) {
    case METRIC_NS:
        words_duration(text, (uint64_t)value);
        return;
    case METRIC_BYTES:
        words_size(text, (uint64_t)value);
        return;
    case METRIC_RATIO:
        buffer_printf(text, "%.4g%%", value * 100);
        return;
    case METRIC_COUNT:
        buffer_printf(text, "%.0f", value);
        return;
    case METRIC_PER_SECOND:
        buffer_printf(text, "%.4g/s", value);
        return;
    }
}

static void add_broken(struct scenario_result *result, const struct threshold *threshold,
                       const struct metric *metric, double value)
{
    struct buffer title = BUFFER_INIT;
    char key[160];
    (void)snprintf(key, sizeof key, "threshold/%s/%s", threshold->metric, threshold->text);
    buffer_printf(&title, "%s is ", threshold->metric);
    add_value(&title, metric->unit, value);
    buffer_printf(&title, ", the scenario demands %s", threshold->text);
    (void)finding_list_add(&result->findings,
                           finding_new(FINDING_THRESHOLD, key, buffer_text(&title)), 0, 0);
    buffer_clear(&title);
}

void threshold_judge(struct scenario_result *result)
{
    const struct scenario *scenario = result->scenario;
    for (size_t i = 0; i < scenario->threshold_count; i++) {
        const struct threshold *threshold = &scenario->thresholds[i];
        double value;
        enum threshold_state state = threshold_state(result, threshold, &value);
        if (state == THRESHOLD_BROKEN) {
            add_broken(result, threshold, metric_named(threshold->metric), value);
        } else if (state == THRESHOLD_UNKNOWN) {
            char note[256];
            (void)snprintf(note, sizeof note, "threshold %s %s: %s", threshold->metric,
                           threshold->text,
                           result->interrupted ? "not judged, the run was interrupted"
                                               : "nothing was measured for it");
            result_note(result, note);
        }
    }
}
