/* SPDX-License-Identifier: MIT
 *
 * SARIF 2.1.0 of a comparison: one result for each signature of each scenario.
 */
#include "harness/report/compare_forms.h"
#include "harness/report/json.h"

#include <string.h>

/* GitHub takes 25 000 results of a run and shows 5 000. */
#define MOST_RESULTS 5000
#define MOST_FRAMES 50

struct sarif {
    cJSON *rules;
    cJSON *results;
    const cJSON *baseline;
    const cJSON *candidate;
};

static int rule_of(struct sarif *sarif, const char *kind)
{
    const cJSON *rule;
    int index = 0;
    cJSON_ArrayForEach(rule, sarif->rules)
    {
        if (strcmp(json_get_text(rule, "id"), kind) == 0) {
            return index;
        }
        index++;
    }
    cJSON *made = json_item(sarif->rules);
    json_text(made, "id", kind);
    json_text(json_object(made, "shortDescription"), "text", kind);
    return index;
}

/* A URI: what may not stand in a path is escaped; an absolute path is a file. */
static void add_uri(cJSON *location, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";
    struct buffer uri = BUFFER_INIT;
    buffer_puts(&uri, path[0] == '/' ? "file://" : "");
    for (; *path != '\0'; path++) {
        if (strchr(plain, *path) != NULL) {
            buffer_add(&uri, path, 1);
        } else {
            buffer_printf(&uri, "%%%02X", (unsigned char)*path);
        }
    }
    json_text(json_object(location, "artifactLocation"), "uri", buffer_text(&uri));
    buffer_clear(&uri);
}

static void add_location(cJSON *parent, const cJSON *frame, const char *fallback)
{
    const char *file = json_get_text(frame, "file");
    const char *function = json_get_text(frame, "function");
    double line = json_get_number(frame, "line");
    cJSON *physical = json_object(parent, "physicalLocation");
    add_uri(physical, file[0] != '\0' ? file : fallback);
    if (line >= 1 && file[0] != '\0') {
        json_number(json_object(physical, "region"), "startLine", line);
    }
    if (function[0] != '\0') {
        cJSON *logical = json_item(json_array(parent, "logicalLocations"));
        json_text(logical, "name", function);
        json_text(logical, "kind", "function");
    }
}

/* The frame to blame: the first that is the client's own in a stack that matters. */
static const cJSON *blamed_frame(const cJSON *finding)
{
    const cJSON *stack;
    const cJSON *frame;
    cJSON_ArrayForEach(stack, json_get(finding, "stacks"))
    {
        cJSON_ArrayForEach(frame, json_get(stack, "frames"))
        {
            if (cJSON_IsTrue(json_get(frame, "client")) &&
                strcmp(json_get_text(stack, "weight"), "matters") == 0) {
                return frame;
            }
        }
    }
    return NULL;
}

static void add_stacks(cJSON *result, const cJSON *finding, const char *fallback)
{
    const cJSON *stack;
    cJSON *stacks = json_array(result, "stacks");
    cJSON_ArrayForEach(stack, json_get(finding, "stacks"))
    {
        const cJSON *frame;
        int count = 0;
        if (strcmp(json_get_text(stack, "weight"), "matters") != 0) {
            continue;
        }
        cJSON *item = json_item(stacks);
        json_text(json_object(item, "message"), "text", json_get_text(stack, "title"));
        cJSON *frames = json_array(item, "frames");
        cJSON_ArrayForEach(frame, json_get(stack, "frames"))
        {
            if (++count <= MOST_FRAMES) {
                cJSON *entry = json_item(frames);
                if (json_get_text(frame, "module")[0] != '\0') {
                    json_text(entry, "module", json_get_text(frame, "module"));
                }
                add_location(json_object(entry, "location"), frame, fallback);
            }
        }
    }
}

static const cJSON *find_scenario(const cJSON *report, const cJSON *scenario)
{
    static const char *const keys[] = {"name", "flavor", "combination", "file"};
    const cJSON *each;
    cJSON_ArrayForEach(each, json_get(report, "scenarios"))
    {
        bool same = true;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            same =
                same && strcmp(json_get_text(each, keys[i]), json_get_text(scenario, keys[i])) == 0;
        }
        if (same) {
            return each;
        }
    }
    return NULL;
}

/* The finding with that key in a report. */
static const cJSON *find_finding(const cJSON *report, const cJSON *scenario, const char *key)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_get(find_scenario(report, scenario), "findings"))
    {
        const cJSON *signature = json_get(finding, "signature");
        bool poor = strcmp(json_get_text(signature, "quality"), "low") == 0;
        if (poor ? strncmp(key, "poor/", 5) == 0 &&
                       strcmp(json_get_text(finding, "kind"), key + 5) == 0
                 : strcmp(json_get_text(signature, "key"), key) == 0) {
            return finding;
        }
    }
    return NULL;
}

static const char *state_of(const cJSON *row)
{
    double a = json_get_number(json_get(row, "baseline"), "k");
    double b = json_get_number(json_get(row, "candidate"), "k");
    const char *status = json_get_text(row, "status");
    return a == 0                                                          ? "new"
           : b == 0                                                        ? "absent"
           : strcmp(status, "worse") == 0 || strcmp(status, "better") == 0 ? "updated"
                                                                           : "unchanged";
}

static void add_result(struct sarif *sarif, const cJSON *scenario, const cJSON *row)
{
    const char *kind = json_get_text(row, "kind");
    const char *key = json_get_text(row, "key");
    const char *verdict = json_get_text(row, "verdict");
    const char *file = json_get_text(scenario, "file");
    const cJSON *finding = find_finding(sarif->candidate, scenario, key);
    struct buffer message = BUFFER_INIT;
    if (finding == NULL) {
        finding = find_finding(sarif->baseline, scenario, key);
    }
    cJSON *result = json_item(sarif->results);
    json_number(result, "ruleIndex", rule_of(sarif, kind));
    json_text(result, "ruleId", kind);
    json_text(result, "level",
              !cJSON_IsTrue(json_get(row, "may_fail")) ? "note"
              : strcmp(verdict, "regression") == 0     ? "error"
              : strcmp(verdict, "inconclusive") == 0   ? "warning"
                                                       : "note");
    buffer_printf(&message, "%s, %s: baseline ", json_get_text(row, "title"),
                  json_get_text(row, "status"));
    compare_tell_hits(row, "baseline", &message);
    buffer_puts(&message, " trials, candidate ");
    compare_tell_hits(row, "candidate", &message);
    json_text(json_object(result, "message"), "text", buffer_text(&message));
    buffer_clear(&message);
    json_text(result, "baselineState", state_of(row));
    double seen = json_get_number(json_get(row, "candidate"), "k");
    json_number(result, "occurrenceCount", seen >= 1 ? seen : 1);
    json_text(json_object(result, "partialFingerprints"), "eighthSignature/v1", key);
    add_location(json_item(json_array(result, "locations")), blamed_frame(finding),
                 file[0] != '\0' ? file : "scenario.json");
    add_stacks(result, finding, file[0] != '\0' ? file : "scenario.json");
    cJSON *properties = json_object(result, "properties");
    json_text(properties, "scenario", json_get_text(scenario, "name"));
    json_text(properties, "reproduce", json_get_text(row, "reproduce"));
}

/* How a worker of the candidate died, if one did. */
static void add_invocation(cJSON *run, const cJSON *comparison, const cJSON *candidate)
{
    cJSON *invocation = json_item(json_array(run, "invocations"));
    struct buffer line = BUFFER_INIT;
    const cJSON *item;
    const cJSON *finding;
    cJSON_ArrayForEach(item, json_get(comparison, "command"))
    {
        buffer_printf(&line, "%s%s", line.length > 0 ? " " : "",
                      cJSON_IsString(item) ? item->valuestring : "");
    }
    json_text(invocation, "commandLine", buffer_text(&line));
    buffer_clear(&line);
    json_bool(invocation, "executionSuccessful", !cJSON_IsTrue(json_get(comparison, "partial")));
    cJSON_ArrayForEach(item, json_get(candidate, "scenarios"))
    {
        cJSON_ArrayForEach(finding, json_get(item, "findings"))
        {
            const cJSON *signal = json_get(finding, "signal");
            if (cJSON_IsObject(signal) && json_get(invocation, "exitSignalName") == NULL) {
                json_text(invocation, "exitSignalName", json_get_text(signal, "name"));
                json_number(invocation, "exitSignalNumber", json_get_number(signal, "number"));
            }
        }
    }
}

cJSON *compare_form_sarif(const cJSON *comparison, const cJSON *baseline, const cJSON *candidate)
{
    cJSON *tree = cJSON_CreateObject();
    const cJSON *scenario;
    if (tree == NULL) {
        return NULL;
    }
    json_text(tree, "version", "2.1.0");
    json_text(tree, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    cJSON *run = json_item(json_array(tree, "runs"));
    cJSON *driver = json_object(json_object(run, "tool"), "driver");
    json_text(driver, "name", "eighth");
    json_text(driver, "version", EIGHTH_VERSION);
    struct sarif sarif = {json_array(driver, "rules"), json_array(run, "results"), baseline,
                          candidate};
    cJSON_ArrayForEach(scenario, json_get(comparison, "scenarios"))
    {
        const cJSON *row;
        cJSON_ArrayForEach(row, json_get(scenario, "findings"))
        {
            if (strcmp(json_get_text(row, "key"), "any") != 0 &&
                cJSON_GetArraySize(sarif.results) < MOST_RESULTS) {
                add_result(&sarif, scenario, row);
            }
        }
    }
    add_invocation(run, comparison, candidate);
    return tree;
}
