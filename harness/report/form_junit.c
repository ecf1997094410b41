/* SPDX-License-Identifier: MIT
 *
 * junit.xml, as GitLab, Jenkins and GitHub's actions really read it: classname and a unique name
 * for each case, the message repeated inside the element's text.
 */
#include "harness/report/forms.h"

#include "harness/report/json.h"
#include "harness/report/xml.h"

#include <string.h>

enum case_result { CASE_PASSED = 0, CASE_FAILED, CASE_ERROR, CASE_SKIPPED };

static bool is_infra(const cJSON *finding)
{
    return strcmp(json_get_text(finding, "kind"), "infra") == 0;
}

static enum case_result result_of(const cJSON *scenario)
{
    const char *verdict = json_get_text(scenario, "verdict");
    if (strcmp(verdict, "pass") == 0) {
        return CASE_PASSED;
    }
    if (strcmp(verdict, "fail") == 0) {
        return CASE_FAILED;
    }
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
    {
        if (is_infra(finding)) {
            return CASE_ERROR;
        }
    }
    return CASE_SKIPPED;
}

/* The first finding that made the verdict, else the reason. */
static const char *message_of(const cJSON *scenario, enum case_result result)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
    {
        bool wanted = result == CASE_ERROR
                          ? is_infra(finding)
                          : !is_infra(finding) && !cJSON_IsTrue(json_get(finding, "expected"));
        if (wanted) {
            return json_get_text(finding, "title");
        }
    }
    return json_get_text(scenario, "reason");
}

static void add_body(const cJSON *scenario, const char *message, struct buffer *text)
{
    const cJSON *finding;
    xml_escaped(message, text);
    buffer_puts(text, "\n");
    cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
    {
        const cJSON *sentence;
        buffer_puts(text, "\n");
        xml_escaped(json_get_text(finding, "kind"), text);
        buffer_puts(text, ": ");
        xml_escaped(json_get_text(finding, "title"), text);
        buffer_printf(text, "\n  in %.0f of %.0f trials\n",
                      json_get_number(json_get(finding, "rate"), "k"),
                      json_get_number(json_get(finding, "rate"), "n"));
        cJSON_ArrayForEach(sentence, json_get(finding, "doing"))
        {
            if (cJSON_IsString(sentence)) {
                buffer_puts(text, "  ");
                xml_escaped(sentence->valuestring, text);
                buffer_puts(text, "\n");
            }
        }
        buffer_puts(text, "  reproduce: ");
        xml_escaped(json_get_text(finding, "reproduce"), text);
        buffer_puts(text, "\n");
    }
}

/* Two scenarios may have one name: files, flavors and combinations tell them apart. */
static void add_name(const cJSON *scenario, int index, struct buffer *text)
{
    buffer_printf(text, "%d ", index + 1);
    buffer_puts(text, json_get_text(scenario, "flavor"));
    if (json_get_text(scenario, "combination")[0] != '\0') {
        buffer_printf(text, " (%s)", json_get_text(scenario, "combination"));
    }
}

static double seconds_of(const cJSON *scenario)
{
    double seconds = 0;
    const cJSON *trial;
    cJSON_ArrayForEach(trial, json_get(scenario, "trial_list"))
    {
        seconds += json_get_number(trial, "seconds");
    }
    return seconds;
}

static void add_case(const cJSON *scenario, int index, struct buffer *text)
{
    static const char *const elements[] = {"", "failure", "error", "skipped"};
    enum case_result result = result_of(scenario);
    struct buffer name = BUFFER_INIT;
    struct buffer class = BUFFER_INIT;
    add_name(scenario, index, &name);
    buffer_printf(&class, "eighth.%s", json_get_text(scenario, "name"));
    buffer_puts(text, "    <testcase");
    xml_attribute("classname", buffer_text(&class), text);
    xml_attribute("name", buffer_text(&name), text);
    xml_attribute("file", json_get_text(scenario, "file"), text);
    buffer_printf(text, " time=\"%.3f\"", seconds_of(scenario));
    if (result == CASE_PASSED) {
        buffer_puts(text, "/>\n");
    } else {
        const char *message = message_of(scenario, result);
        buffer_printf(text, ">\n      <%s", elements[result]);
        xml_attribute("message", message, text);
        if (result != CASE_SKIPPED) {
            xml_attribute("type", json_get_text(scenario, "verdict"), text);
        }
        buffer_puts(text, ">");
        add_body(scenario, message, text);
        buffer_printf(text, "</%s>\n    </testcase>\n", elements[result]);
    }
    buffer_clear(&name);
    buffer_clear(&class);
}

void form_junit(const cJSON *report, struct buffer *text)
{
    const cJSON *scenarios = json_get(report, "scenarios");
    const cJSON *scenario;
    int counts[4] = {0, 0, 0, 0};
    int index = 0;
    cJSON_ArrayForEach(scenario, scenarios)
    {
        counts[result_of(scenario)]++;
    }
    buffer_puts(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    xml_attribute("name", json_get_text(report, "name"), text);
    xml_attribute("timestamp", json_get_text(report, "started"), text);
    buffer_printf(text,
                  " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
                  cJSON_GetArraySize(scenarios), counts[CASE_FAILED], counts[CASE_ERROR],
                  counts[CASE_SKIPPED], json_get_number(report, "seconds"));
    cJSON_ArrayForEach(scenario, scenarios)
    {
        add_case(scenario, index++, text);
    }
    buffer_puts(text, "  </testsuite>\n</testsuites>\n");
}
