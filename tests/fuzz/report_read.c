/* SPDX-License-Identifier: MIT
 *
 * Fuzzes what reads a report back: whatever the JSON holds, each form for people and for CI can be
 * made of it (`eighth show`), and the commands in it can be cut into words (`eighth replay`).
 *
 * An input that begins with '{' is the JSON. Any other is a list of edits, three bytes each, of the
 * report in tests/fuzz/report_read.json: which node, and what becomes of it.
 */
#include "harness/cli/command.h"
#include "harness/report/compare_forms.h"
#include "harness/report/compare_read.h"
#include "harness/report/compare_report.h"
#include "harness/report/forms.h"
#include "harness/report/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *whole; /* the report that is edited */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(struct buffer *text)
{
    if (strlen(buffer_text(text)) > text->length) {
        abort();
    }
    buffer_clear(text);
}

static void cut_commands(const cJSON *report)
{
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(report, "scenarios"))
    {
        const cJSON *finding;
        cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
        {
            struct command command = COMMAND_INIT;
            struct failure failure = FAILURE_INIT;
            int cut = command_split(json_get_text(finding, "reproduce"), &command, &failure);
            if (command.count >= COMMAND_WORDS || command.items[command.count] != NULL ||
                (cut != 0) != (failure.kind != FAILURE_NONE)) {
                abort();
            }
            command_release(&command);
        }
    }
}

/* The node with that number, counted in the order of the text; its parent, too. */
static cJSON *find_node(cJSON *at, unsigned *number, cJSON **parent)
{
    cJSON *child;
    cJSON_ArrayForEach(child, at)
    {
        *parent = at;
        if ((*number)-- == 0) {
            return child;
        }
        cJSON *inside = find_node(child, number, parent);
        if (inside != NULL) {
            return inside;
        }
    }
    return NULL;
}

static cJSON *make_node(const cJSON *old, uint8_t what)
{
    static const double numbers[] = {0, -1, 0.5, 3, 1e9, 1.8e19, -1e300, 1e308};
    static const char *const texts[] = {"", "%s%n", "a'b\\ \"<&>`|*_\n#", "\xff\xc3", "x"};
    switch (what % 6) {
    case 0:
        return cJSON_CreateNumber(numbers[what / 6 % 8]);
    case 1:
        return cJSON_CreateString(texts[what / 6 % 5]);
    case 2:
        return what / 6 % 2 == 0 ? cJSON_CreateNull() : cJSON_CreateTrue();
    case 3:
        return cJSON_CreateArray();
    case 4:
        return cJSON_CreateObject();
    default:
        return cJSON_Duplicate(old, 1);
    }
}

static void edit(cJSON *report, unsigned number, uint8_t what)
{
    cJSON *parent = NULL;
    cJSON *old = find_node(report, &number, &parent);
    if (old == NULL) {
        return;
    }
    cJSON *made = make_node(old, what);
    if (what >= 240) {
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, old));
        cJSON_Delete(made);
    } else if (what % 6 == 5) {
        (void)cJSON_AddItemToArray(parent, made); /* one more like it */
    } else {
        made->string = old->string != NULL ? strdup(old->string) : NULL;
        (void)cJSON_ReplaceItemViaPointer(parent, old, made);
    }
}

static cJSON *make_report(const uint8_t *bytes, size_t length)
{
    if (length == 0 || bytes[0] == '{') {
        return cJSON_ParseWithLength((const char *)bytes, length);
    }
    cJSON *report = cJSON_Duplicate(whole, 1);
    for (size_t i = 0; i + 3 <= length && i < 3 * (size_t)64; i += 3) {
        edit(report, (unsigned)bytes[i] << 8 | bytes[i + 1], bytes[i + 2]);
    }
    return report;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static char text[1 << 16];
    FILE *file = fopen("tests/fuzz/report_read.json", "re");
    size_t length = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    whole = cJSON_ParseWithLength(text, length);
    if (file == NULL || fclose(file) != 0 || whole == NULL) {
        (void)fprintf(stderr, "report_read: run it where tests/fuzz/report_read.json is\n");
        exit(2);
    }
    return 0;
}

/* All that a comparison of one scenario comes to, in every form. */
static void tell_comparison(const struct compare_scenario *compared, const cJSON *origin,
                            const cJSON *report)
{
    static const char *const command[] = {"eighth", "compare", NULL};
    struct compare_settings settings;
    struct buffer none = BUFFER_INIT;
    struct buffer text = BUFFER_INIT;
    compare_settings_init(&settings);
    struct compare_run run = {
        .mode = COMPARE_RECORDED,
        .started = "",
        .stopped = "",
        .command = command,
        .a_path = "a",
        .b_path = "b",
        .a_report = whole,
        .b_report = report,
        .settings = &settings,
        .fail_on = "",
        .scenarios = compared,
        .origins = &origin,
        .count = 1,
        .verdict = compared->verdict,
        .notes = &none,
        .remarks = &none,
    };
    cJSON *tree = compare_build(&run);
    compare_form_terminal(tree, &text);
    check(&text);
    compare_form_markdown(tree, &text);
    check(&text);
    compare_form_junit(tree, &text);
    check(&text);
    compare_form_annotations(tree, &text);
    check(&text);
    cJSON_Delete(compare_form_sarif(tree, whole, report));
    cJSON_Delete(tree);
}

/* The report as a candidate for the whole one. */
static void compare(const cJSON *report)
{
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(report, "scenarios"))
    {
        const cJSON *partner = compare_partner(whole, report, scenario);
        struct compare_side sides[2];
        struct compare_scenario compared = {.verdict = COMPARE_PASS};
        struct compare_settings settings;
        struct failure failure = FAILURE_INIT;
        enum compare_verdict verdict;
        memset(sides, 0, sizeof sides);
        compare_settings_init(&settings);
        if (partner == NULL) {
            continue;
        }
        if (compare_side_read(&sides[0], partner, &failure) != 0 ||
            compare_side_read(&sides[1], scenario, &failure) != 0 ||
            compare_scenario_init(&compared, &sides[0], &sides[1], &settings, &failure) != 0 ||
            compare_judge(&compared, 1, &verdict, &failure) != 0) {
            abort(); /* no report makes a comparison fail */
        }
        tell_comparison(&compared, scenario, report);
        compare_scenario_release(&compared);
        compare_side_release(&sides[0]);
        compare_side_release(&sides[1]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct buffer text = BUFFER_INIT;
    cJSON *report = make_report(bytes, length);
    if (cJSON_IsObject(report) && cJSON_IsArray(json_get(report, "scenarios"))) {
        for (int depth = FORM_BRIEF; depth <= FORM_VERBOSE; depth++) {
            form_terminal(report, (enum form_depth)depth, &text);
            check(&text);
        }
        form_markdown(report, &text);
        check(&text);
        form_junit(report, &text);
        check(&text);
        cut_commands(report);
        compare(report);
    }
    cJSON_Delete(report);
    return 0;
}
