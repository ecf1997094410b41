/* SPDX-License-Identifier: MIT
 *
 * Folders, atomic files, clean text, shell quotes, build-ids.
 */
#include "harness/report/build_id.h"
#include "harness/report/folder.h"
#include "harness/report/forms.h"
#include "harness/report/json.h"
#include "harness/report/report.h"
#include "harness/scenario/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int make_folder(void **state)
{
    static char folder[64];
    (void)snprintf(folder, sizeof folder, "/tmp/eighth-report-XXXXXX");
    *state = mkdtemp(folder);
    return *state == NULL;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", (const char *)*state);
    return system(command);
}

static void read_back(const char *path, char *text, size_t capacity)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(text, 1, capacity - 1, file);
    text[length] = '\0';
    (void)fclose(file);
}

static void test_folder(void **state)
{
    char reports[256];
    char path[REPORT_PATH + 64];
    char text[64];
    struct report_folder one;
    struct report_folder two;
    struct failure failure = FAILURE_INIT;
    (void)snprintf(reports, sizeof reports, "%s/a/b", (const char *)*state);
    assert_int_equal(report_folder_make(&one, reports, "x", 7, &failure), 0);
    assert_int_equal(report_folder_make(&two, reports, "x", 7, &failure), 0);
    assert_string_not_equal(one.path, two.path);
    assert_int_equal(report_folder_write(&one, "report.json", "old", 3, &failure), 0);
    assert_int_equal(report_folder_write(&one, "report.json", "newer", 5, &failure), 0);
    (void)snprintf(path, sizeof path, "%s/report.json", one.path);
    read_back(path, text, sizeof text);
    assert_string_equal(text, "newer");
    assert_int_equal(report_folder_write(&one, "trial-3/stderr.txt", "e", 1, &failure), 0);
    (void)snprintf(path, sizeof path, "%s/trial-3/stderr.txt", one.path);
    read_back(path, text, sizeof text);
    assert_string_equal(text, "e");
    (void)snprintf(path, sizeof path, "%s", two.path);
    report_folder_drop(&two);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(report_folder_make(&two, "/proc/nowhere", "x", 7, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_ENVIRONMENT);
}

static void expect_clean(const char *text, const char *expected)
{
    struct buffer clean = BUFFER_INIT;
    json_clean(&clean, text);
    assert_string_equal(buffer_text(&clean), expected);
    buffer_clear(&clean);
}

#define BAD "\xef\xbf\xbd"

static void test_clean_text(void **state)
{
    (void)state;
    expect_clean("plain\n\ttext", "plain\n\ttext");
    expect_clean("\x1b[31m\r\x7f", "?[31m??");
    expect_clean("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
                 "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    expect_clean("\xff", BAD);
    expect_clean("\xc3", BAD);                         /* cut */
    expect_clean("\xc0\xaf", BAD BAD);                 /* overlong */
    expect_clean("\xe0\x80\x80", BAD BAD BAD);         /* overlong */
    expect_clean("\xed\xa0\x80", BAD BAD BAD);         /* surrogate */
    expect_clean("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
}

/* What a shell makes of the quoted word. */
static void expect_quoted(const char *word)
{
    struct buffer command = BUFFER_INIT;
    char back[128] = "";
    buffer_puts(&command, "printf %s ");
    report_quote(&command, word);
    FILE *shell = popen(buffer_text(&command), "re");
    assert_non_null(shell);
    size_t length = fread(back, 1, sizeof back - 1, shell);
    back[length] = '\0';
    assert_int_equal(pclose(shell), 0);
    assert_string_equal(back, word);
    buffer_clear(&command);
}

static void test_quotes(void **state)
{
    (void)state;
    static const char *const words[] = {"plain",   "with space", "it's",   "''", "$HOME `id` \\",
                                        "a=\"b\"", "*?[]{}",     "x;y|z&", "",   "line\nend",
                                        "~"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        expect_quoted(words[i]);
    }
    struct buffer text = BUFFER_INIT;
    report_quote(&text, "scenarios/a-b_c.json");
    assert_string_equal(buffer_text(&text), "scenarios/a-b_c.json");
    buffer_clear(&text);
}

static void test_build_id(void **state)
{
    (void)state;
    char id[64] = "x";
    build_id_read("/proc/self/exe", id, sizeof id);
    assert_int_equal(strlen(id), 40); /* the linker's default: SHA-1 */
    assert_int_equal(strspn(id, "0123456789abcdef"), 40);
    build_id_read("/nowhere", id, sizeof id);
    assert_string_equal(id, "");
    build_id_read("/etc/passwd", id, sizeof id);
    assert_string_equal(id, "");
    build_id_read("/dev/null", id, sizeof id);
    assert_string_equal(id, "");
}

/* Every cut and every changed byte of a real ELF file: nothing but a wrong or no answer. */
static void test_build_id_of_broken_files(void **state)
{
    char path[128];
    char id[64];
    unsigned char bytes[2048];
    FILE *self = fopen("/proc/self/exe", "re");
    assert_non_null(self);
    assert_int_equal(fread(bytes, 1, sizeof bytes, self), sizeof bytes);
    (void)fclose(self);
    (void)snprintf(path, sizeof path, "%s/elf", (const char *)*state);
    for (size_t i = 0; i < 1200; i++) {
        unsigned char saved = bytes[i];
        bytes[i] = (unsigned char)(saved ^ 0xff);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, i % 2 == 0 ? sizeof bytes : i + 1, file),
                         i % 2 == 0 ? sizeof bytes : i + 1);
        (void)fclose(file);
        build_id_read(path, id, sizeof id);
        assert_true(strlen(id) < sizeof id);
        bytes[i] = saved;
    }
}

static void test_forms_of_nothing(void **state)
{
    (void)state;
    cJSON *report = cJSON_Parse("{\"scenarios\":[{\"name\":\"<&\\\"'|`\",\"verdict\":\"fail\","
                                "\"findings\":[{\"kind\":\"crash\",\"title\":\"<b>|x\\ny\"}]}]}");
    struct buffer text = BUFFER_INIT;
    assert_non_null(report);
    form_junit(report, &text);
    assert_non_null(strstr(buffer_text(&text), "&lt;b&gt;|x&#10;y"));
    assert_null(strstr(buffer_text(&text), "<b>"));
    buffer_clear(&text);
    form_markdown(report, &text);
    assert_non_null(strstr(buffer_text(&text), "\\<b\\>\\|x y"));
    buffer_clear(&text);
    form_terminal(report, true, &text);
    assert_true(text.length > 0);
    buffer_clear(&text);
    cJSON_Delete(report);
}

static void test_rates_are_read_without_exponents(void **state)
{
    (void)state;
    cJSON *finding =
        cJSON_Parse("{\"rate\":{\"k\":3,\"n\":40,\"low\":0.0157,\"high\":0.2039},"
                    "\"per_million_cycles\":{\"rate\":125000,\"low\":3161.4,\"high\":0.25},"
                    "\"cycles_to_first\":{\"median\":null}}");
    struct buffer text = BUFFER_INIT;
    form_rate(finding, &text);
    assert_string_equal(buffer_text(&text), "in 3 of 40 trials (95 %: 1.57 % to 20.4 %), "
                                            "125000 per million cycles (3160 to 0.25)");
    buffer_clear(&text);
    cJSON_Delete(finding);
}

static int trials_listed(const struct scenario_result *result, bool goes_on)
{
    static const char *const command[] = {"eighth", NULL};
    const struct report_run run = {.name = "x",
                                   .started = "2026-01-01T00:00:00Z",
                                   .partial = true,
                                   .goes_on = goes_on,
                                   .stopped = "",
                                   .command = command,
                                   .results = &result,
                                   .result_count = 1,
                                   .program = "eighth"};
    cJSON *report = report_build(&run);
    assert_non_null(report);
    const cJSON *scenario = cJSON_GetArrayItem(json_get(report, "scenarios"), 0);
    int count = cJSON_GetArraySize(json_get(scenario, "trial_list"));
    cJSON_Delete(report);
    return count;
}

/* It is written again and again: with all trials in it, it would take memory as long as it runs. */
static void test_a_run_that_goes_on_lists_some_trials(void **state)
{
    (void)state;
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(scenario_load(&list, "scenarios/hundred-clients.json", NULL, 0, &failure), 0);
    struct scenario_result *result = calloc(1, sizeof *result);
    result_init(result, list.items[0], "plain");
    result->trial_count = 600;
    result->trials = calloc(result->trial_count, sizeof *result->trials);
    assert_non_null(result->trials);
    assert_int_equal(trials_listed(result, false), 600);
    assert_int_equal(trials_listed(result, true), 500);
    result_release(result);
    free(result);
    scenario_list_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_clean_text),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_build_id),
        cmocka_unit_test(test_build_id_of_broken_files),
        cmocka_unit_test(test_forms_of_nothing),
        cmocka_unit_test(test_rates_are_read_without_exponents),
        cmocka_unit_test(test_a_run_that_goes_on_lists_some_trials),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
