/* SPDX-License-Identifier: MIT
 *
 * One scenario of the report: counts, latencies, cost, resources.
 */
#include "harness/report/report.h"

#include "harness/base/interposed.h"
#include "harness/judge/stat_binomial.h"
#include "harness/judge/threshold.h"
#include "harness/judge/words.h"
#include "harness/report/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95
/* A run of more trials keeps its counts; the list of them ends here. */
#define MOST_TRIALS_LISTED 10000
/* While the run goes on the report is written again and again: it must not grow with the run. */
#define MOST_LISTED_MEANWHILE 500

/* FNV-1a of the scenario without its client and how often it runs: equal digests, equal work. */
static void add_digest(cJSON *item, const struct scenario *scenario)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    cJSON *tree = scenario->json != NULL ? cJSON_Parse(scenario->json) : NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "client");
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "trials");
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "description");
    char *text = tree != NULL ? cJSON_PrintUnformatted(tree) : NULL;
    char digest[17] = "";
    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    if (text != NULL) {
        (void)snprintf(digest, sizeof digest, "%016" PRIx64, hash);
    }
    json_text(item, "digest", digest);
    free(text);
    cJSON_Delete(tree);
}

static void add_client(cJSON *item, const struct scenario_result *result)
{
    cJSON *client = json_object(item, "client");
    json_text(client, "name", result->client_name);
    json_text(client, "version", result->client_version);
    json_text(client, "build_id", result->client_build_id);
    json_text(client, "path", result->client_path);
    json_source(client, "options", result->scenario->client.options);
}

#define INTERPOSED_NAME(name) #name,

/* A sanitizer's own functions are what its flavor is. */
static void add_interposed(cJSON *item, const struct client_model *client, const char *flavor)
{
    static const char *const names[] = {INTERPOSED(INTERPOSED_NAME)};
    cJSON *list = json_array(item, "interposed");
    bool any = client->interposition && client->exec == NULL;
    for (size_t i = 0; any && i < sizeof names / sizeof *names; i++) {
        json_append_text(list, names[i]);
    }
    if (any && strcmp(flavor, "asan") != 0 && strcmp(flavor, "tsan") != 0) {
        json_append_text(list, INTERPOSED_UNLESS_SANITIZED);
    }
}

static void add_trials(cJSON *item, const struct scenario_result *result, bool goes_on)
{
    size_t most = goes_on ? MOST_LISTED_MEANWHILE : MOST_TRIALS_LISTED;
    cJSON *trials = json_object(item, "trials");
    if (result->trials_planned > 0) {
        json_count(trials, "planned", result->trials_planned);
    } else {
        (void)cJSON_AddNullToObject(trials, "planned");
    }
    json_count(trials, "run", result->trials_run);
    json_count(trials, "clean", result->trials_clean);
    json_count(trials, "with_findings", result->trials_with_findings);
    json_count(trials, "with_leaks", result->trials_with_leaks);
    json_count(trials, "with_leaks_only", result->trials_with_leaks_only);
    json_count(trials, "infra", result->trials_infra);
    uint64_t judged = result->trials_run - result->trials_infra;
    struct stat_interval rate =
        stat_clopper_pearson(result->trials_with_findings, judged, CONFIDENCE);
    cJSON *failures = json_object(item, "failure_rate");
    json_count(failures, "k", result->trials_with_findings);
    json_count(failures, "n", judged);
    json_number(failures, "low", rate.low);
    json_number(failures, "high",
                result->trials_with_findings == 0 ? stat_zero_of_n(judged, CONFIDENCE) : rate.high);
    json_bool(failures, "trustworthy", !rate_is_untrustworthy(result));
    struct rates rates;
    rate_of_scenario(result, &rates);
    report_add_rates(failures, &rates);
    cJSON *stop = json_object(item, "stop");
    json_text(stop, "rule", result->stop_rule);
    json_text(stop, "text", result->stop_text);
    json_count(item, "jobs", result->jobs);
    cJSON *list = json_array(item, "trial_list");
    for (size_t i = 0; i < result->trial_count && i < most; i++) {
        const struct trial_summary *trial = &result->trials[i];
        cJSON *entry = json_item(list);
        json_count(entry, "index", trial->index);
        json_wide(entry, "seed", trial->seed);
        json_text(entry, "outcome", trial_outcome_name(trial->outcome));
        json_bool(entry, "leaked", trial->leaked);
        json_bool(entry, "leaks_only", trial->leaks_only);
        json_number(entry, "seconds", (double)trial->wall_ns / (double)NS_PER_S);
        json_count(entry, "cycles", trial->cycles);
        report_add_figures(entry, trial->figures);
    }
}

static void add_handshakes(cJSON *parent, const char *who, uint64_t full, uint64_t resumed,
                           uint64_t failed)
{
    cJSON *side = json_object(parent, who);
    json_count(side, "full", full);
    json_count(side, "resumed", resumed);
    json_count(side, "failed", failed);
}

static void add_counts(cJSON *item, const struct scenario_result *result)
{
    const struct logbook_counters *driver = &result->counters;
    const struct ledger_counters *target = &result->target;
    cJSON *cycles = json_object(item, "cycles");
    json_count(cycles, "started", driver->cycles_started);
    json_count(cycles, "completed", driver->cycles_completed);
    json_count(cycles, "failed", driver->cycles_failed);
    json_count(item, "connects", driver->connects);
    cJSON *handshakes;
    cJSON *requests;
    if (result->has_target) {
        json_count(item, "connections_at_target", target->accepted);
        json_count(item, "most_connections_at_once", target->most_active);
    } else {
        (void)cJSON_AddNullToObject(item, "most_connections_at_once");
        (void)cJSON_AddNullToObject(item, "connections_at_target");
    }
    handshakes = json_object(item, "handshakes");
    add_handshakes(handshakes, "client", driver->handshakes_full, driver->handshakes_resumed,
                   driver->handshakes_failed);
    requests = json_object(item, "requests");
    json_count(requests, "sent", driver->requests);
    json_count(requests, "answered", driver->requests_answered);
    if (result->has_target) {
        add_handshakes(handshakes, "target", target->handshakes_full, target->handshakes_resumed,
                       target->handshakes_failed);
        json_count(requests, "received_by_target", target->requests);
        json_count(requests, "answered_by_target", target->responses);
        json_count(item, "protocol_errors_at_target", target->protocol_errors);
    } else {
        (void)cJSON_AddNullToObject(handshakes, "target");
    }
    json_count(item, "pings", driver->pings);
    json_count(item, "body_bytes", driver->body_bytes);
    json_count(item, "races_cancelled", driver->races_cancelled);
}

static double microseconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_US;
}

static void add_latencies(cJSON *item, const struct scenario_result *result)
{
    static const struct {
        const char *key;
        double quantile;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
    cJSON *latencies = json_object(item, "latency_us");
    for (unsigned l = 0; l < LATENCIES; l++) {
        const struct histogram *histogram = &result->latencies[l];
        cJSON *one = json_object(latencies, logbook_latency_name((enum latency)l));
        for (size_t q = 0; q < sizeof quantiles / sizeof quantiles[0]; q++) {
            json_number(one, quantiles[q].key,
                        microseconds(histogram_quantile(histogram, quantiles[q].quantile)));
        }
        json_number(one, "max", microseconds(histogram->maximum));
        json_number(
            one, "mean",
            histogram->count == 0 ? 0 : microseconds(histogram->sum) / (double)histogram->count);
        json_count(one, "count", histogram->count);
        cJSON *buckets = json_array(one, "buckets_ns");
        for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++) {
            if (histogram->buckets[b] > 0) {
                double pair[] = {(double)histogram_upper_bound(b), (double)histogram->buckets[b]};
                (void)cJSON_AddItemToArray(buckets, cJSON_CreateDoubleArray(pair, 2));
            }
        }
    }
}

static void add_cost(cJSON *item, const struct scenario_result *result)
{
    if (result->cpu_cycles > 0) {
        json_number(item, "client_cpu_us_per_cycle",
                    microseconds(result->cpu_ns) / (double)result->cpu_cycles);
    } else {
        (void)cJSON_AddNullToObject(item, "client_cpu_us_per_cycle");
    }
    json_count(item, "peak_rss_bytes", result->peak_rss);
    if (result->run_ns > 0) {
        json_number(item, "cycles_per_second",
                    (double)result->counters.cycles_completed * (double)NS_PER_S /
                        (double)result->run_ns);
    } else {
        (void)cJSON_AddNullToObject(item, "cycles_per_second");
    }
}

static void add_errors(cJSON *item, const struct scenario_result *result)
{
    cJSON *errors = json_array(item, "errors");
    cJSON *expected = json_array(item, "expected_failures");
    cJSON *done = json_object(item, "faults_done");
    for (unsigned phase = 0; phase < LOGBOOK_PHASES; phase++) {
        for (unsigned class = 0; class < LOGBOOK_CLASSES; class ++) {
            if (result->counters.errors[phase][class] > 0) {
                cJSON *error = json_item(errors);
                json_text(error, "phase", words_phase(phase));
                json_text(error, "class", words_class(class));
                json_count(error, "count", result->counters.errors[phase][class]);
            }
            for (unsigned fault = 0; fault < FAULT_COUNT; fault++) {
                const struct fault_kind *kind = fault_kind_of(fault);
                if (kind != NULL && result->explained[fault][phase][class] > 0) {
                    cJSON *one = json_item(expected);
                    json_text(one, "fault", kind->name);
                    json_text(one, "phase", words_phase(phase));
                    json_text(one, "class", words_class(class));
                    json_count(one, "count", result->explained[fault][phase][class]);
                }
            }
        }
    }
    for (unsigned fault = 0; fault < FAULT_COUNT; fault++) {
        const struct fault_kind *kind = fault_kind_of(fault);
        if (kind != NULL && result->faults_done[fault] > 0) {
            json_count(done, kind->name, result->faults_done[fault]);
        }
    }
    json_count(item, "unexplained_errors", result->unexplained_errors);
}

static void add_sample(cJSON *object, const struct resource_sample *sample, uint64_t origin)
{
    uint64_t since = sample->time > origin ? sample->time - origin : 0;
    json_number(object, "seconds", (double)since / (double)NS_PER_S);
    json_count(object, "cycles", sample->cycles);
    json_count(object, "fds", sample->fds);
    json_count(object, "sockets", sample->sockets);
    json_count(object, "threads", sample->threads);
    json_number(object, "ssl", (double)sample->ssl);
    json_number(object, "ssl_ctx", (double)sample->ssl_ctx);
    json_number(object, "ssl_session", (double)sample->ssl_session);
    json_number(object, "allocations", (double)sample->allocations);
    json_count(object, "heap_bytes", sample->heap);
    json_count(object, "rss_bytes", sample->rss);
}

static void add_named_sample(cJSON *entry, const char *key, const struct resource_sample *sample,
                             uint64_t origin)
{
    if (sample->time == 0) {
        (void)cJSON_AddNullToObject(entry, key);
    } else {
        add_sample(json_object(entry, key), sample, origin);
    }
}

static void add_slope(cJSON *entry, const struct slope *slope)
{
    if (!slope->judged) {
        (void)cJSON_AddNullToObject(entry, "heap_slope");
        return;
    }
    cJSON *heap = json_object(entry, "heap_slope");
    json_number(heap, "bytes_per_cycle", slope->bytes_per_cycle);
    json_number(heap, "low", slope->interval.low);
    json_number(heap, "high", slope->interval.high);
    json_number(heap, "p_rising", slope->p_rising);
    json_count(heap, "samples", slope->points);
    json_bool(heap, "levels_off", slope->levels_off);
    json_bool(heap, "leak", slope->leaks);
}

static void add_resources(cJSON *item, const struct scenario_result *result)
{
    cJSON *resources = json_array(item, "resources");
    for (uint32_t i = 0; i < result->series_count; i++) {
        const struct resource_series *series = &result->series[i];
        uint64_t origin = series->before_init.time;
        cJSON *entry = json_item(resources);
        json_count(entry, "trial", series->trial);
        add_named_sample(entry, "before_init", &series->before_init, origin);
        add_named_sample(entry, "before_run", &series->before_run, origin);
        json_count(entry, "rounds_run", series->rounds);
        cJSON *rounds = json_array(entry, "rounds");
        for (uint32_t s = 0; s < series->count; s++) {
            add_sample(json_item(rounds), &series->samples[s], origin);
        }
        add_named_sample(entry, "after_cleanup", &series->after_cleanup, origin);
        add_slope(entry, &series->heap);
    }
}

static void add_thresholds(cJSON *item, const struct scenario_result *result)
{
    cJSON *thresholds = json_array(item, "thresholds");
    for (size_t i = 0; i < result->scenario->threshold_count; i++) {
        const struct threshold *threshold = &result->scenario->thresholds[i];
        const struct metric *metric = metric_named(threshold->metric);
        double value;
        enum threshold_state state = threshold_state(result, threshold, &value);
        cJSON *entry = json_item(thresholds);
        json_text(entry, "metric", threshold->metric);
        json_text(entry, "limit", threshold->text);
        if (metric != NULL && threshold_measure(result, metric, &value)) {
            json_text(entry, "unit",
                      metric->unit == METRIC_NS      ? "ns"
                      : metric->unit == METRIC_BYTES ? "bytes"
                                                     : metric_unit_name(metric->unit));
            json_number(entry, "value", value);
        } else {
            (void)cJSON_AddNullToObject(entry, "value");
        }
        if (state == THRESHOLD_UNKNOWN) {
            (void)cJSON_AddNullToObject(entry, "holds");
        } else {
            json_bool(entry, "holds", state == THRESHOLD_KEPT);
        }
    }
}

void report_add_scenario(cJSON *item, const struct report_run *run,
                         const struct scenario_result *result)
{
    const struct scenario *scenario = result->scenario;
    json_text(item, "name", scenario->name);
    json_text(item, "file", scenario->file != NULL ? scenario->file : "");
    json_text(item, "combination", scenario->combination != NULL ? scenario->combination : "");
    add_digest(item, scenario);
    json_text(item, "description", scenario->description != NULL ? scenario->description : "");
    json_text(item, "flavor", result->flavor);
    json_text(item, "verdict", verdict_name(result->verdict));
    json_text(item, "reason", result->reason);
    json_bool(item, "expects_finding", result->expects_finding);
    add_client(item, result);
    add_interposed(item, &scenario->client, result->flavor);
    add_trials(item, result, run->goes_on);
    add_counts(item, result);
    add_latencies(item, result);
    add_cost(item, result);
    add_errors(item, result);
    add_thresholds(item, result);
    add_resources(item, result);
    cJSON *notes = json_array(item, "notes");
    for (size_t i = 0; i < result->note_count; i++) {
        json_append_text(notes, result->notes[i]);
    }
    cJSON *findings = json_array(item, "findings");
    for (size_t i = 0; i < result->findings.count; i++) {
        report_add_finding(json_item(findings), run, result, result->findings.items[i]);
    }
}
