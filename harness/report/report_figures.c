/* SPDX-License-Identifier: MIT
 *
 * What one trial measured, in the report: what a later comparison reads.
 */
#include "harness/report/report.h"

#include "harness/base/clock.h"
#include "harness/report/json.h"

#include <math.h>

/* JSON knows no NaN: null is "not known". */
static void add_known(cJSON *object, const char *key, double value)
{
    if (isfinite(value)) {
        json_number(object, key, value);
    } else {
        (void)cJSON_AddNullToObject(object, key);
    }
}

void report_add_figures(cJSON *item, const struct trial_figures *figures)
{
    if (figures == NULL) {
        (void)cJSON_AddNullToObject(item, "figures");
        return;
    }
    cJSON *object = json_object(item, "figures");
    add_known(object, "client_cpu_us_per_cycle", figures->cpu_ns_per_cycle / (double)NS_PER_US);
    add_known(object, "peak_rss_bytes", figures->peak_rss > 0 ? (double)figures->peak_rss : NAN);
    add_known(object, "syscalls_per_cycle", figures->calls_per_cycle);
    add_known(object, "instructions_per_cycle", figures->instructions_per_cycle);
    if (isnan(figures->heap_per_cycle)) {
        (void)cJSON_AddNullToObject(object, "heap_bytes_per_cycle");
    } else {
        cJSON *heap = json_object(object, "heap_bytes_per_cycle");
        add_known(heap, "slope", figures->heap_per_cycle);
        add_known(heap, "low", figures->heap_interval.low);
        add_known(heap, "high", figures->heap_interval.high);
    }
    cJSON *latencies = json_object(object, "latency_us");
    for (unsigned l = 0; l < LATENCIES; l++) {
        const struct latency_figures *from = &figures->latencies[l];
        if (from->count > 0) {
            cJSON *one = json_object(latencies, logbook_latency_name((enum latency)l));
            json_number(one, "p50", from->p50 / (double)NS_PER_US);
            json_number(one, "p99", from->p99 / (double)NS_PER_US);
            json_count(one, "count", from->count);
        }
    }
}
