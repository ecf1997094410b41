/* SPDX-License-Identifier: MIT
 *
 * What is made from the tables stays what the tables say: the JSON Schema that is shipped, and the
 * tables of docs/scenarios.md. When one of them differs, EIGHTH_UPDATE=1 in the environment writes
 * the schema anew and prints the rows that the page should have.
 */
#include "harness/base/buffer.h"
#include "harness/scenario/metrics.h"
#include "harness/scenario/shape.h"
#include "tests/unit/scenario/support.h"

#include <regex.h>
#include <stdlib.h>

#define SCHEMA "scenarios/scenario.schema.json"
#define PAGE "docs/scenarios.md"

static bool updates(void)
{
    return getenv("EIGHTH_UPDATE") != NULL;
}

static void read_whole(const char *path, struct buffer *text)
{
    char block[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_msg("%s is missing", path);
    }
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) {
        buffer_add(text, block, got);
    }
    (void)fclose(file);
}

static void test_schema_file(void **state)
{
    (void)state;
    cJSON *schema = scenario_schema();
    assert_non_null(schema);
    char *printed = cJSON_Print(schema);
    assert_non_null(printed);
    if (updates()) {
        FILE *file = fopen(SCHEMA, "we");
        assert_non_null(file);
        (void)fprintf(file, "%s\n", printed);
        assert_int_equal(fclose(file), 0);
    }
    struct buffer text = BUFFER_INIT;
    read_whole(SCHEMA, &text);
    assert_true(text.length == strlen(printed) + 1);
    assert_memory_equal(buffer_text(&text), printed, strlen(printed));
    buffer_clear(&text);
    cJSON_free(printed);
    cJSON_Delete(schema);
}

static void add_values(struct buffer *row, const struct key *key)
{
    char low[32];
    char high[32];
    switch (key->type) {
    case VALUE_FLAG:
        buffer_puts(row, "true, false");
        break;
    case VALUE_WHOLE:
        buffer_printf(row, "whole number, %.0f to %.0f", key->minimum, key->maximum);
        break;
    case VALUE_FRACTION:
        buffer_printf(row, "number, %.0f to %.0f", key->minimum, key->maximum);
        break;
    case VALUE_TEXT:
        buffer_puts(row, key->form->expected);
        break;
    case VALUE_CHOICE:
        for (const struct choice *choice = key->choices; choice->name != NULL; choice++) {
            buffer_printf(row, "%s`\"%s\"`", choice == key->choices ? "" : ", ", choice->name);
        }
        break;
    case VALUE_DURATION:
    case VALUE_SIZE:
        buffer_printf(row, "%s, %s to %s", key->type == VALUE_SIZE ? "size" : "duration",
                      shape_limit(low, key->type, key->minimum),
                      shape_limit(high, key->type, key->maximum));
        break;
    case VALUE_RATE:
        buffer_printf(row, "rate, %g/h to %.0f/s", key->minimum * 3600, key->maximum);
        break;
    case VALUE_OBJECT:
        buffer_printf(row, "[%s](#%s)", key->shape->name, key->shape->name);
        break;
    case VALUE_CUSTOM:
    default:
        buffer_puts(row, key->expected);
        break;
    }
}

/* One line of the page's tables. */
static void make_row(struct buffer *row, const struct key *key)
{
    buffer_clear(row);
    buffer_printf(row, "| `%s` | ", key->name);
    add_values(row, key);
    if (key->required) {
        buffer_puts(row, " | required");
    } else if (key->fallback != NULL) {
        buffer_printf(row, " | `%s`", key->fallback);
    } else {
        buffer_puts(row, " |");
    }
    buffer_printf(row, " | %s |\n", key->help);
}

static int check_shape(const char *page, const struct shape *shape)
{
    struct buffer row = BUFFER_INIT;
    int missing = 0;
    char heading[80];
    (void)snprintf(heading, sizeof heading, "### %s\n", shape->name);
    if (strncmp(shape->name, "racing-", 7) != 0 && strstr(page, heading) == NULL) {
        print_error("%s", heading);
        missing++;
    }
    for (size_t i = 0; i < shape->count; i++) {
        make_row(&row, &shape->keys[i]);
        if (strstr(page, buffer_text(&row)) == NULL) {
            print_error("%s", buffer_text(&row));
            missing++;
        }
        if (shape->keys[i].type == VALUE_OBJECT) {
            missing += check_shape(page, shape->keys[i].shape);
        }
    }
    buffer_clear(&row);
    return missing;
}

static int check_names(const char *page)
{
    char line[300];
    int missing = 0;
    for (size_t i = 0; i < threshold_metric_count; i++) {
        const struct metric *metric = &threshold_metrics[i];
        (void)snprintf(line, sizeof line, "| `%s` | %s | %s |\n", metric->name,
                       metric_unit_name(metric->unit), metric->help);
        if (strstr(page, line) == NULL) {
            print_error("%s", line);
            missing++;
        }
    }
    for (unsigned id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
        const struct fault_kind *kind = fault_kind_of(id);
        (void)snprintf(line, sizeof line, "| `%s` | %s%s%s%s | %s |\n", kind->name,
                       (kind->parameters & FAULT_TAKES_AFTER) != 0 ? "`after` " : "",
                       (kind->parameters & FAULT_TAKES_DELAY) != 0 ? "`delay` " : "",
                       (kind->parameters & FAULT_TAKES_CODE) != 0 ? "`code` " : "",
                       kind->tls_only ? "TLS only" : "", kind->help);
        if (strstr(page, line) == NULL) {
            print_error("%s", line);
            missing++;
        }
    }
    for (const char *const *kind = scenario_finding_kinds; *kind != NULL; kind++) {
        (void)snprintf(line, sizeof line, "`%s`", *kind);
        missing += strstr(page, line) == NULL;
    }
    return missing;
}

static void test_page(void **state)
{
    (void)state;
    static const struct shape *const shapes[] = {&shape_scenario, &shape_rate, &shape_stage,
                                                 &shape_fault};
    struct buffer page = BUFFER_INIT;
    int missing = 0;
    read_whole(PAGE, &page);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        missing += check_shape(buffer_text(&page), shapes[i]);
    }
    for (size_t i = 0; i < step_entry_count; i++) {
        missing += check_shape(buffer_text(&page), step_entries[i].shape);
        if (step_entries[i].racing != NULL) {
            missing += check_shape(buffer_text(&page), step_entries[i].racing);
        }
    }
    missing += check_names(buffer_text(&page));
    buffer_clear(&page);
    assert_int_equal(missing, 0);
}

/* Each form as a function says the same as its pattern. */
static void test_forms(void **state)
{
    (void)state;
    static const struct form *const forms[] = {
        &form_name, &form_client,    &form_method,
        &form_path, &form_protocols, &form_protocols_or_none,
        &form_host, &form_address,   &form_header,
    };
    static const char *const texts[] = {
        "",
        "a",
        "A",
        "-",
        "_",
        "+",
        "a-",
        "-a",
        "a_b",
        "a+b",
        "a.b",
        "a b",
        "a,b",
        "a,",
        ",a",
        "a,,b",
        ",",
        "GET",
        "get",
        "GETGETGETGETGETG",
        "GETGETGETGETGETGE",
        "/",
        "/a?b=c%20",
        "/ ",
        "/#",
        "a/b",
        "//",
        "/\x7f",
        "/\xc3\xa4",
        "h2",
        "h2,http/1.1",
        "h2;x",
        "a:1",
        "a:12345",
        "a:123456",
        "a:",
        ":1",
        "[::1]:1",
        "[]:1",
        "[::1]",
        "[::1]:",
        "[::1:1",
        "::1]:1",
        "[g]:1",
        "127.0.0.1:8443",
        "a:b:1",
        "x-y",
        "x:y",
        "X-Y",
        "!#$%&'*+-.^_`|~",
        "a\tb",
        "a\n",
        "9",
        "9a",
        ".",
        "..:1",
        "~",
        "{",
        "}",
        "[",
        "]",
        "^",
        "\\",
        "-.-",
    };
    char longer[300];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char pattern[128];
        regex_t compiled;
        (void)snprintf(pattern, sizeof pattern, "^(%s)$", forms[i]->pattern);
        assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
            bool wanted = regexec(&compiled, texts[j], 0, NULL, 0) == 0;
            if (forms[i]->fits(texts[j]) != wanted) {
                fail_msg("%s: \"%s\": the pattern says %d", pattern, texts[j], wanted);
            }
        }
        for (size_t length = 1; length < sizeof longer; length++) {
            memset(longer, 'a', length);
            longer[length] = '\0';
            assert_int_equal(forms[i]->fits(longer), regexec(&compiled, longer, 0, NULL, 0) == 0);
        }
        regfree(&compiled);
    }
}

/* The alias and the names of latencies agree with the logbook's. */
static void test_metrics(void **state)
{
    (void)state;
    size_t latencies = 0;
    for (size_t i = 0; i < threshold_metric_count; i++) {
        const struct metric *metric = &threshold_metrics[i];
        assert_ptr_equal(metric_named(metric->name), metric);
        if (metric->id != METRIC_LATENCY) {
            continue;
        }
        latencies++;
        const char *name = logbook_latency_name(metric->latency);
        bool alias = strncmp(metric->name, "handshake.", 10) == 0;
        assert_true(alias ? metric->latency == LATENCY_TLS
                          : strncmp(metric->name, name, strlen(name)) == 0 &&
                                metric->name[strlen(name)] == '.');
        assert_true(metric->quantile == METRIC_MEAN ||
                    (metric->quantile > 0 && metric->quantile <= 1));
    }
    assert_int_equal(latencies, (LATENCIES + 1) * 6);
    assert_null(metric_named("tls"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_file),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
