/* SPDX-License-Identifier: MIT
 *
 * Which parts of a report a comparison takes.
 */
#include "harness/report/compare_read.h"

#include "harness/judge/words.h"
#include "harness/report/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double known(const cJSON *object, const char *key)
{
    const cJSON *value = json_get(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : NAN;
}

static uint64_t whole(const cJSON *object, const char *key)
{
    double value = known(object, key);
    return value >= 0 && value < 0x1p53 ? (uint64_t)value : 0;
}

static void read_figures(struct compare_trial *trial, const cJSON *figures)
{
    const cJSON *latencies = json_get(figures, "latency_us");
    const cJSON *heap = json_get(figures, "heap_bytes_per_cycle");
    const cJSON *latency;
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        const struct compare_metric *metric = &compare_metrics[i];
        trial->values[i] =
            metric->phase != NULL ? known(json_get(latencies, metric->phase), metric->figure)
            : cJSON_IsObject(json_get(figures, metric->figure)) ? known(heap, "slope")
                                                                : known(figures, metric->figure);
    }
    trial->slope = (struct stat_interval){known(heap, "low"), known(heap, "high")};
    cJSON_ArrayForEach(latency, latencies)
    {
        double count = known(latency, "count");
        if (count > 0 && (trial->samples == 0 || count < trial->samples)) {
            trial->samples = count;
        }
    }
}

static void read_trial(struct compare_trial *trial, const cJSON *entry)
{
    const char *outcome = json_get_text(entry, "outcome");
    trial->index = (uint32_t)whole(entry, "index");
    (void)snprintf(trial->seed, sizeof trial->seed, "%s", json_get_text(entry, "seed"));
    trial->failed = strcmp(outcome, "findings") == 0;
    trial->leaked = cJSON_IsTrue(json_get(entry, "leaked"));
    trial->leaks_only = cJSON_IsTrue(json_get(entry, "leaks_only"));
    trial->judged = trial->failed || strcmp(outcome, "clean") == 0;
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        trial->values[i] = NAN;
    }
    trial->slope = stat_no_interval();
    if (trial->judged && cJSON_IsObject(json_get(entry, "figures"))) {
        read_figures(trial, json_get(entry, "figures"));
    }
}

static int read_trials(struct compare_side *side, const cJSON *scenario)
{
    const cJSON *list = json_get(scenario, "trial_list");
    const cJSON *entry;
    int count = cJSON_GetArraySize(list);
    side->trials = calloc((size_t)count + 1, sizeof *side->trials);
    if (side->trials == NULL) {
        return -1;
    }
    cJSON_ArrayForEach(entry, list)
    {
        read_trial(&side->trials[side->trial_count++], entry);
    }
    /* The list of a long run ends early; the counts do not. */
    const cJSON *counts = json_get(scenario, "trials");
    side->failed = whole(counts, "with_findings");
    side->judged = whole(counts, "clean") + side->failed;
    uint64_t leaks = whole(counts, "with_leaks");
    uint64_t only = whole(counts, "with_leaks_only");
    side->with_leaks = leaks < side->failed ? leaks : side->failed;
    side->with_leaks_only = only < side->with_leaks ? only : side->with_leaks;
    side->infra = whole(counts, "infra");
    return 0;
}

/* Findings whose stacks tell too little are one row for each kind. */
static int add_hit(struct compare_side *side, const cJSON *finding)
{
    char key[512];
    const char *kind = json_get_text(finding, "kind");
    const cJSON *signature = json_get(finding, "signature");
    bool poor = strcmp(json_get_text(signature, "quality"), "low") == 0;
    if (strcmp(kind, "infra") == 0 || strcmp(kind, "threshold") == 0) {
        return 0;
    }
    (void)snprintf(key, sizeof key, poor ? "poor/%.400s" : "%.500s",
                   poor ? kind : json_get_text(signature, "key"));
    uint64_t trials = whole(finding, "trials");
    for (size_t i = 0; i < side->hit_count; i++) {
        struct compare_hit *hit = &side->hits[i];
        if (strcmp(hit->key, key) == 0) {
            hit->trials = hit->trials + trials < side->judged ? hit->trials + trials : side->judged;
            return 0;
        }
    }
    struct compare_hit *hit = &side->hits[side->hit_count++];
    hit->key = strdup(key);
    hit->kind = strdup(kind);
    struct buffer title = BUFFER_INIT;
    const char *words = json_get_text(finding, "title");
    words_clean(&title, words, strlen(words)); /* one line, whoever wrote the report */
    hit->title = strdup(buffer_text(&title));
    buffer_clear(&title);
    hit->reproduce = strdup(json_get_text(finding, "reproduce"));
    hit->trials = trials < side->judged ? trials : side->judged;
    hit->first_trial = (uint32_t)whole(finding, "first_trial");
    hit->poor = poor;
    return hit->key == NULL || hit->kind == NULL || hit->title == NULL || hit->reproduce == NULL
               ? -1
               : 0;
}

static int read_hits(struct compare_side *side, const cJSON *scenario)
{
    const cJSON *findings = json_get(scenario, "findings");
    const cJSON *finding;
    side->hits = calloc((size_t)cJSON_GetArraySize(findings) + 1, sizeof *side->hits);
    if (side->hits == NULL) {
        return -1;
    }
    cJSON_ArrayForEach(finding, findings)
    {
        if (add_hit(side, finding) != 0) {
            return -1;
        }
    }
    return 0;
}

int compare_side_read(struct compare_side *side, const cJSON *scenario, struct failure *failure)
{
    const cJSON *client = json_get(scenario, "client");
    char name[160];
    memset(side, 0, sizeof *side);
    (void)snprintf(name, sizeof name, "%.64s %.64s", json_get_text(client, "name"),
                   json_get_text(client, "version"));
    side->build_id = strdup(json_get_text(client, "build_id"));
    side->options = strdup(json_get_text(client, "options"));
    side->path = strdup(json_get_text(client, "path"));
    side->client = strdup(name);
    side->digest = strdup(json_get_text(scenario, "digest"));
    if (side->digest == NULL || side->build_id == NULL || side->options == NULL ||
        side->path == NULL || side->client == NULL || read_trials(side, scenario) != 0 ||
        read_hits(side, scenario) != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a comparison");
    }
    return 0;
}

static bool is_same(const cJSON *a, const cJSON *b)
{
    static const char *const keys[] = {"name", "flavor", "combination"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(json_get_text(a, keys[i]), json_get_text(b, keys[i])) != 0) {
            return false;
        }
    }
    return true;
}

const cJSON *compare_nth(const cJSON *report, const char *name, const char *flavor,
                         const char *combination, size_t before)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, json_get(report, "scenarios"))
    {
        if (strcmp(json_get_text(each, "name"), name) == 0 &&
            strcmp(json_get_text(each, "flavor"), flavor) == 0 &&
            strcmp(json_get_text(each, "combination"), combination) == 0 && before-- == 0) {
            return each;
        }
    }
    return NULL;
}

const cJSON *compare_partner(const cJSON *report, const cJSON *other, const cJSON *scenario)
{
    const cJSON *each;
    size_t before = 0;
    cJSON_ArrayForEach(each, json_get(other, "scenarios"))
    {
        if (each == scenario) {
            break;
        }
        before += is_same(each, scenario);
    }
    return compare_nth(report, json_get_text(scenario, "name"), json_get_text(scenario, "flavor"),
                       json_get_text(scenario, "combination"), before);
}
