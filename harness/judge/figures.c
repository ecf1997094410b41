/* SPDX-License-Identifier: MIT
 *
 * Which of a trial's counters make its figures.
 */
#include "harness/judge/figures.h"

#include "harness/judge/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_latencies(struct trial_record *record, struct trial_figures *figures)
{
    struct histogram *sum = malloc(sizeof *sum);
    for (size_t l = 0; sum != NULL && l < LATENCIES; l++) {
        memset(sum, 0, sizeof *sum);
        for (uint32_t i = 0; i < record->lanes; i++) {
            const struct logbook_lane *lane = logbook_lane(record->logbook, i);
            if (lane->role != LANE_UNUSED) {
                histogram_merge(sum, &lane->latencies[l]);
            }
        }
        figures->latencies[l].count = sum->count;
        figures->latencies[l].p50 = histogram_interpolate(sum, 0.5);
        figures->latencies[l].p99 = histogram_interpolate(sum, 0.99);
    }
    free(sum);
}

static void add_heap(const struct logbook *logbook, struct trial_figures *figures)
{
    struct slope slope;
    uint32_t count = atomic_load_explicit(&logbook->sample_count, memory_order_acquire);
    slope_judge(logbook->samples, count < LOGBOOK_SAMPLES ? count : LOGBOOK_SAMPLES, &slope);
    if (slope.judged) {
        figures->heap_per_cycle = slope.bytes_per_cycle;
        figures->heap_interval = slope.interval;
    }
}

struct trial_figures *figures_of_trial(struct trial_record *record)
{
    struct logbook_counters sum;
    const struct logbook *logbook = record->logbook;
    struct trial_figures *figures =
        logbook != NULL && trial_ended_well(record) ? calloc(1, sizeof *figures) : NULL;
    if (figures == NULL) {
        return NULL;
    }
    result_sum_lanes(record, &sum);
    figures->cpu_ns_per_cycle = NAN;
    figures->heap_per_cycle = NAN;
    figures->calls_per_cycle = NAN;
    figures->instructions_per_cycle = NAN;
    figures->peak_rss = logbook->peak_rss;
    uint64_t instructions = record->instructions > 0 ? record->instructions : logbook->instructions;
    if (sum.cycles_started > 0 && instructions > 0) {
        figures->instructions_per_cycle = (double)instructions / (double)sum.cycles_started;
    }
    if (sum.cycles_started > 0 && record->calls > 0) {
        figures->calls_per_cycle = (double)record->calls / (double)sum.cycles_started;
        add_heap(logbook, figures);
        return figures; /* it stopped at each call: its times are those of the tracer */
    }
    if (sum.cycles_started > 0 && logbook->cpu_ended > logbook->cpu_begun) {
        figures->cpu_ns_per_cycle =
            (double)(logbook->cpu_ended - logbook->cpu_begun) / (double)sum.cycles_started;
    }
    add_heap(logbook, figures);
    add_latencies(record, figures);
    return figures;
}
