/* SPDX-License-Identifier: MIT
 *
 * Files: each wrong scenario of the corpus gets the message that stands beside it, each shipped
 * scenario is right and reads the same from its canonical JSON.
 */
#include "tests/unit/scenario/support.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRONG "tests/run/scenarios/wrong"
#define SHIPPED "scenarios"

static int is_json(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* The first line of the text file beside a scenario. */
static void read_expected(const char *scenario, char *line, size_t size)
{
    char path[512];
    (void)snprintf(path, sizeof path, WRONG "/%.*s.txt", (int)strlen(scenario) - 5, scenario);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, (int)size, file) == NULL) {
        fail_msg("no message in %s", path);
    }
    (void)fclose(file);
    line[strcspn(line, "\n")] = '\0';
}

static void test_wrong(void **state)
{
    (void)state;
    struct dirent **entries = NULL;
    int count = scandir(WRONG, &entries, is_json, alphasort);
    int different = 0;
    for (int i = 0; i < count; i++) {
        char path[512];
        char expected[1200];
        struct scenario_list list = SCENARIO_LIST_INIT;
        struct failure failure = FAILURE_INIT;
        read_expected(entries[i]->d_name, expected, sizeof expected);
        (void)snprintf(path, sizeof path, WRONG "/%s", entries[i]->d_name);
        int status = scenario_load(&list, path, NULL, 0, &failure);
        const char *got = status == 0 ? "accepted" : failure.text + strlen(WRONG "/");
        if (strcmp(got, expected) != 0 || failure.kind != FAILURE_USAGE || list.count != 0) {
            print_error("%s\n  expected: %s\n  got:      %s\n", entries[i]->d_name, expected, got);
            different++;
        }
        scenario_list_clear(&list);
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(different, 0);
    assert_true(count >= 60);
}

static void test_shipped(void **state)
{
    (void)state;
    static const char *const must[] = {
        "eighth-connection", "eighth-connection-h2c", "hundred-clients",    "churn",
        "resumption",        "close-while-reading",   "handshake-failures", "soak",
    };
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    if (scenario_load(&list, SHIPPED, NULL, 0, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct scenario *scenario = list.items[i];
        struct scenario *again = parse_one(scenario->json);
        assert_string_equal(again->json, scenario->json);
        scenario_free(again);
        assert_true(scenario_target_is_loopback(scenario));
    }
    for (size_t i = 0; i < sizeof must / sizeof *must; i++) {
        bool found = false;
        for (size_t j = 0; j < list.count; j++) {
            found |= strcmp(list.items[j]->name, must[i]) == 0;
        }
        if (!found) {
            fail_msg("%s is missing", must[i]);
        }
    }
    scenario_list_clear(&list);
}

/* A folder of its own, which the tests below fill. */
static int make_folder(void **state)
{
    char *folder = strdup("/tmp/eighth-scenarios-XXXXXX");
    *state = folder;
    return folder != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int remove_folder(void **state)
{
    int status = nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return status;
}

static void write_file(const char *folder, const char *name, const char *text, size_t length)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    write_file(folder, name, text, strlen(text));
}

static void test_folder(void **state)
{
    const char *folder = *state;
    char path[512];
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(scenario_load(&list, folder, NULL, 0, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_USAGE);
    assert_non_null(strstr(failure.text, "there is no scenario"));
    (void)snprintf(path, sizeof path, "%s/b", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_text(folder, "c.json", "{\"name\":\"three\"}");
    write_text(folder, "a.json", "{\"name\":\"one\"}");
    write_text(folder, "b/x.json", "{\"name\":\"two\"}");
    write_text(folder, "notes.txt", "no scenario");
    write_text(folder, "some.schema.json", "no scenario");
    write_text(folder, ".hidden.json", "no scenario");
    assert_int_equal(scenario_load(&list, folder, NULL, 0, &failure), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0]->name, "one");
    assert_string_equal(list.items[1]->name, "two");
    assert_string_equal(list.items[2]->name, "three");
    /* One wrong file takes nothing in. */
    write_text(folder, "b/y.json", "{\"name\":\"a b\"}");
    assert_int_equal(scenario_load(&list, folder, NULL, 0, &failure), -1);
    assert_int_equal(list.count, 3);
    scenario_list_clear(&list);
}

static void test_bad_files(void **state)
{
    const char *folder = *state;
    char path[512];
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    (void)snprintf(path, sizeof path, "%s/none.json", folder);
    assert_int_equal(scenario_load(&list, path, NULL, 0, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_USAGE);
    assert_non_null(strstr(failure.text, strerror(ENOENT)));

    size_t size = SCENARIO_MAX_FILE + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, "{\"name\":\"x\"}", 12);
    write_file(folder, "large.json", text, size);
    write_file(folder, "just.json", text, size - 1);
    free(text);
    (void)snprintf(path, sizeof path, "%s/large.json", folder);
    assert_int_equal(scenario_load(&list, path, NULL, 0, &failure), -1);
    assert_non_null(strstr(failure.text, "at most 1048576 bytes"));
    (void)snprintf(path, sizeof path, "%s/just.json", folder);
    assert_int_equal(scenario_load(&list, path, NULL, 0, &failure), 0);
    assert_int_equal(list.count, 1);
    scenario_list_clear(&list);

    /* A link to itself neither hangs nor overflows. */
    char link[600];
    (void)snprintf(link, sizeof link, "%s/loop", folder);
    assert_int_equal(symlink(folder, link), 0);
    assert_int_equal(scenario_load(&list, link, NULL, 0, &failure), -1);
    assert_int_equal(list.count, 0);
}

/* Paths of files are meant from the scenario's folder, and survive being read again elsewhere. */
static void test_paths(void **state)
{
    (void)state;
    char here[300];
    char wanted[400];
    assert_non_null(getcwd(here, sizeof here));
    struct scenario *scenario = parse_one(
        "{\"name\":\"p\",\"client\":{\"library\":\"./lib/c.so\"},"
        "\"target\":{\"address\":\"[::1]:8443\",\"ca\":\"roots.pem\",\"sni\":\"a.example\"}}");
    (void)snprintf(wanted, sizeof wanted, "%s/folder/lib/c.so", here);
    assert_string_equal(scenario->client.library, wanted);
    (void)snprintf(wanted, sizeof wanted, "%s/folder/roots.pem", here);
    assert_string_equal(scenario->target.ca_file, wanted);
    assert_string_equal(scenario->target.host, "::1");
    assert_int_equal(scenario->target.port, 8443);
    struct scenario *again = parse_one(scenario->json);
    assert_string_equal(again->client.library, scenario->client.library);
    assert_string_equal(again->target.ca_file, scenario->target.ca_file);
    assert_string_equal(again->json, scenario->json);
    scenario_free(again);
    scenario_free(scenario);

    /* On the command line they are meant from where it is typed. */
    static const char *const sets[] = {"client.library=./lib/c.so"};
    struct scenario_list list = SCENARIO_LIST_INIT;
    assert_int_equal(scenario_parse(&list, "folder/p.json", "{\"name\":\"p\"}", 12, sets, 1, NULL),
                     0);
    (void)snprintf(wanted, sizeof wanted, "%s/lib/c.so", here);
    assert_string_equal(list.items[0]->client.library, wanted);
    scenario_list_clear(&list);
}

static void test_loopback(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool loopback;
    } cases[] = {
        {"127.0.0.1:1", true}, {"127.9.8.7:1", true},           {"[::1]:1", true},
        {"localhost:1", true}, {"LocalHost:1", true},           {"128.0.0.1:1", false},
        {"[::2]:1", false},    {"localhost.example:1", false},  {"127.0.0.1.example:1", false},
        {"10.0.0.1:1", false}, {"[::ffff:127.0.0.1]:1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "{\"name\":\"l\",\"target\":{\"address\":\"%s\"}}",
                       cases[i].address);
        struct scenario *scenario = parse_one(text);
        if (scenario_target_is_loopback(scenario) != cases[i].loopback) {
            fail_msg("%s", cases[i].address);
        }
        scenario_free(scenario);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test_setup_teardown(test_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_bad_files, make_folder, remove_folder),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
