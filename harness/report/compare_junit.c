/* SPDX-License-Identifier: MIT
 *
 * junit.xml of a comparison, by the reading rules of GitLab and Jenkins: see form_junit.c.
 */
#include "harness/report/compare_forms.h"
#include "harness/report/json.h"
#include "harness/report/xml.h"

#include <string.h>

enum case_result { CASE_PASSED = 0, CASE_FAILED, CASE_ERROR, CASE_SKIPPED, CASE_RESULTS };

struct suite {
    struct buffer cases;
    int counts[CASE_RESULTS];
};

static bool is_verdict(const cJSON *item, const char *verdict)
{
    return strcmp(json_get_text(item, "verdict"), verdict) == 0;
}

/* What may not fail the comparison fails no case. */
static enum case_result result_of(const cJSON *item)
{
    bool may_fail = cJSON_IsTrue(json_get(item, "may_fail"));
    return is_verdict(item, "regression") && may_fail    ? CASE_FAILED
           : is_verdict(item, "inconclusive")            ? CASE_SKIPPED
           : is_verdict(item, "regression") && !may_fail ? CASE_SKIPPED
                                                         : CASE_PASSED;
}

static void add_case(struct suite *suite, const cJSON *scenario, int number, const char *name,
                     enum case_result result, const char *message)
{
    static const char *const elements[] = {"", "failure", "error", "skipped"};
    struct buffer class = BUFFER_INIT;
    struct buffer unique = BUFFER_INIT;
    struct buffer *text = &suite->cases;
    buffer_printf(&class, "eighth.%s", json_get_text(scenario, "name"));
    buffer_puts(&unique, json_get_text(scenario, "flavor"));
    if (json_get_text(scenario, "combination")[0] != '\0') {
        buffer_printf(&unique, ", %s", json_get_text(scenario, "combination"));
    }
    /* Duplicates are dropped; what else can be told apart has the same name in each pipeline, so
     * that readers know what is new. */
    if (number > 1) {
        buffer_printf(&unique, ", no. %d", number);
    }
    buffer_printf(&unique, ": %s", name);
    suite->counts[result]++;
    buffer_puts(text, "    <testcase");
    xml_attribute("classname", buffer_text(&class), text);
    xml_attribute("name", buffer_text(&unique), text);
    xml_attribute("file", json_get_text(scenario, "file"), text);
    buffer_puts(text, " time=\"0\"");
    if (result == CASE_PASSED) {
        buffer_puts(text, "/>\n");
    } else {
        buffer_printf(text, ">\n      <%s", elements[result]);
        xml_attribute("message", message, text);
        if (result != CASE_SKIPPED) {
            xml_attribute("type", result == CASE_FAILED ? "regression" : "infra", text);
        }
        buffer_puts(text, ">");
        xml_escaped(message, text);
        buffer_printf(text, "</%s>\n    </testcase>\n", elements[result]);
    }
    buffer_clear(&class);
    buffer_clear(&unique);
}

static void add_finding(struct suite *suite, const cJSON *scenario, int number,
                        const cJSON *finding)
{
    struct buffer name = BUFFER_INIT;
    struct buffer message = BUFFER_INIT;
    buffer_printf(&name, "%s %s", json_get_text(finding, "kind"), json_get_text(finding, "key"));
    buffer_printf(&message, "%s\n%s: baseline ", json_get_text(finding, "title"),
                  json_get_text(finding, "status"));
    compare_tell_hits(finding, "baseline", &message);
    buffer_puts(&message, " trials, candidate ");
    compare_tell_hits(finding, "candidate", &message);
    buffer_printf(&message, ", p %.2g", json_get_number(finding, "p_worse_adjusted"));
    if (json_get_text(finding, "note")[0] != '\0') {
        buffer_printf(&message, "; %s", json_get_text(finding, "note"));
    }
    if (json_get_text(finding, "reproduce")[0] != '\0') {
        buffer_printf(&message, "\nreproduce: %s", json_get_text(finding, "reproduce"));
    }
    add_case(suite, scenario, number, buffer_text(&name), result_of(finding),
             buffer_text(&message));
    buffer_clear(&name);
    buffer_clear(&message);
}

static void add_metric(struct suite *suite, const cJSON *scenario, int number, const cJSON *metric)
{
    struct buffer message = BUFFER_INIT;
    if (is_verdict(metric, "skipped")) {
        return;
    }
    compare_tell_interval(metric, &message);
    buffer_puts(&message, ", baseline ");
    compare_tell_value(metric, "baseline", &message);
    buffer_puts(&message, ", candidate ");
    compare_tell_value(metric, "candidate", &message);
    buffer_printf(&message, ", margin %g", json_get_number(metric, "margin"));
    if (json_get_text(metric, "note")[0] != '\0') {
        buffer_printf(&message, "; %s", json_get_text(metric, "note"));
    }
    add_case(suite, scenario, number, json_get_text(metric, "name"), result_of(metric),
             buffer_text(&message));
    buffer_clear(&message);
}

/* Whether the machine, and nothing else, is why it is undecided. */
static bool is_infra(const cJSON *scenario)
{
    return cJSON_IsTrue(json_get(scenario, "untrustworthy"));
}

/* How many before it have the same name, flavor and combination, and itself. */
static int number_of(const cJSON *scenarios, const cJSON *scenario)
{
    static const char *const keys[] = {"name", "flavor", "combination"};
    const cJSON *each;
    int number = 1;
    cJSON_ArrayForEach(each, scenarios)
    {
        bool same = true;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            same =
                same && strcmp(json_get_text(each, keys[i]), json_get_text(scenario, keys[i])) == 0;
        }
        if (each == scenario) {
            break;
        }
        number += same;
    }
    return number;
}

/* One case says how the scenario as a whole went: infra shows here and nowhere else. */
static void add_scenario(struct suite *suite, const cJSON *scenario, int number)
{
    const cJSON *item;
    enum case_result result = is_verdict(scenario, "regression")      ? CASE_FAILED
                              : !is_verdict(scenario, "inconclusive") ? CASE_PASSED
                              : is_infra(scenario)                    ? CASE_ERROR
                                                                      : CASE_SKIPPED;
    add_case(suite, scenario, number, "verdict", result, json_get_text(scenario, "reason"));
    cJSON_ArrayForEach(item, json_get(scenario, "findings"))
    {
        add_finding(suite, scenario, number, item);
    }
    cJSON_ArrayForEach(item, json_get(scenario, "metrics"))
    {
        add_metric(suite, scenario, number, item);
    }
}

void compare_form_junit(const cJSON *comparison, struct buffer *text)
{
    struct suite suite = {BUFFER_INIT, {0}};
    const cJSON *scenario;
    const cJSON *scenarios = json_get(comparison, "scenarios");
    cJSON_ArrayForEach(scenario, scenarios)
    {
        add_scenario(&suite, scenario, number_of(scenarios, scenario));
    }
    buffer_puts(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    xml_attribute("name", "eighth compare", text);
    xml_attribute("timestamp", json_get_text(comparison, "started"), text);
    buffer_printf(text,
                  " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
                  suite.counts[CASE_PASSED] + suite.counts[CASE_FAILED] + suite.counts[CASE_ERROR] +
                      suite.counts[CASE_SKIPPED],
                  suite.counts[CASE_FAILED], suite.counts[CASE_ERROR], suite.counts[CASE_SKIPPED],
                  json_get_number(comparison, "seconds"));
    buffer_add(text, buffer_text(&suite.cases), suite.cases.length);
    buffer_puts(text, "  </testsuite>\n</testsuites>\n");
    buffer_clear(&suite.cases);
}
