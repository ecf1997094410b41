/* SPDX-License-Identifier: MIT
 *
 * Rates of findings in the report.
 */
#include "harness/report/report.h"

#include "harness/report/json.h"

#include <math.h>

static void add_median(cJSON *object, const char *key, double cycles)
{
    if (isnan(cycles)) {
        (void)cJSON_AddNullToObject(object, key);
    } else {
        json_number(object, key, cycles);
    }
}

void report_add_rates(cJSON *item, const struct rates *rates)
{
    if (!rates->per_cycle) {
        (void)cJSON_AddNullToObject(item, "per_million_cycles");
        (void)cJSON_AddNullToObject(item, "cycles_to_first");
        return;
    }
    cJSON *rate = json_object(item, "per_million_cycles");
    json_count(rate, "events", rates->events);
    json_count(rate, "cycles", rates->cycles);
    json_number(rate, "rate", rates->per_million);
    json_number(rate, "low", rates->interval.low);
    json_number(rate, "high", rates->interval.high);
    cJSON *first = json_object(item, "cycles_to_first");
    add_median(first, "median", rates->median);
    add_median(first, "median_seen", rates->median_seen);
    json_count(first, "seen", rates->seen);
    json_count(first, "unseen", rates->unseen);
}
