/* SPDX-License-Identifier: MIT
 *
 * Positions: what the locator finds in a text, and that the syntax check agrees with cJSON about
 * every text it accepts.
 */
#include "harness/scenario/syntax.h"
#include "harness/scenario/suggest.h"
#include "tests/unit/scenario/support.h"

#include <limits.h>

static const char sample[] = "{\n"
                             "  \"name\": \"x\",\n"
                             "  \"l\\u006fad\" : { \"a\\\"b\": [ 1, [ ], {\"deep\": true } ] },\n"
                             "  \"\xc3\xa4\": null, \"twice\": 1, \"twice\": 2\n"
                             "}\n";

/* The path is keys and indices, ended by NULL; "#2" is item 2. */
static void expect_at(const char *const *path, enum syntax_what what, unsigned line,
                      unsigned column, bool found)
{
    struct place places[8];
    size_t count = 1;
    memset(places, 0, sizeof places);
    for (; path[count - 1] != NULL; count++) {
        const char *step = path[count - 1];
        places[count].parent = &places[count - 1];
        places[count].key = *step == '#' ? NULL : step;
        places[count].index = *step == '#' ? (size_t)(step[1] - '0') : 0;
    }
    unsigned got_line;
    unsigned got_column;
    bool got_found;
    size_t offset = syntax_locate(sample, strlen(sample), &places[count - 1], what, &got_found);
    syntax_position(sample, strlen(sample), offset, &got_line, &got_column);
    if (got_line != line || got_column != column || got_found != found) {
        fail_msg("%s: %u:%u %d instead of %u:%u %d", path[0] != NULL ? path[0] : "$", got_line,
                 got_column, got_found, line, column, found);
    }
}

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_locate(void **state)
{
    (void)state;
    expect_at((const char *const[]){NULL}, SYNTAX_VALUE, 1, 1, true);
    expect_at(PATH("name"), SYNTAX_VALUE, 2, 11, true);
    expect_at(PATH("name"), SYNTAX_KEY, 2, 3, true);
    expect_at(PATH("load"), SYNTAX_KEY, 3, 3, true);
    expect_at(PATH("load"), SYNTAX_VALUE, 3, 17, true);
    expect_at(PATH("load", "a\"b"), SYNTAX_KEY, 3, 19, true);
    expect_at(PATH("load", "a\"b", "#0"), SYNTAX_VALUE, 3, 29, true);
    expect_at(PATH("load", "a\"b", "#1"), SYNTAX_VALUE, 3, 32, true);
    expect_at(PATH("load", "a\"b", "#2", "deep"), SYNTAX_VALUE, 3, 46, true);
    expect_at(PATH("\xc3\xa4"), SYNTAX_VALUE, 4, 8, true);
    expect_at(PATH("twice"), SYNTAX_KEY, 4, 14, true);
    expect_at(PATH("twice"), SYNTAX_LAST_KEY, 4, 26, true);
}

/* What is not in the text (a default, an override) is shown at its nearest parent. */
static void test_locate_nearest(void **state)
{
    (void)state;
    expect_at(PATH("load", "cycles"), SYNTAX_VALUE, 3, 17, false);
    expect_at(PATH("load", "a\"b", "#7", "x"), SYNTAX_VALUE, 3, 27, false);
    expect_at(PATH("load", "a\"b", "#1", "#0"), SYNTAX_VALUE, 3, 32, false);
    expect_at(PATH("name", "below"), SYNTAX_VALUE, 2, 11, false);
    expect_at(PATH("nothing"), SYNTAX_KEY, 1, 1, false);
}

static void test_accepted_is_json(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        "true",
        " false\t",
        "0",
        "-0",
        "-1.5e+10",
        "1E2",
        "\"\"",
        "\"\\u00e4\\n\\/\"",
        "[]",
        "{}",
        "[1,2 , 3]",
        "{\"a\":{\"b\":[{}]}}",
        "\"\\ud83d\\ude00\"",
        "\"\xf0\x9f\x98\x80\"",
        "1e308",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct syntax_problem problem;
        if (syntax_check(texts[i], strlen(texts[i]), &problem) != 0) {
            fail_msg("%s: %s", texts[i], problem.text);
        }
        cJSON *tree = cJSON_ParseWithLength(texts[i], strlen(texts[i]));
        assert_non_null(tree);
        cJSON_Delete(tree);
    }
}

static void test_depth(void **state)
{
    (void)state;
    char text[2 * SYNTAX_MAX_DEPTH + 8];
    struct syntax_problem problem;
    for (size_t depth = SYNTAX_MAX_DEPTH; depth <= SYNTAX_MAX_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(syntax_check(text, 2 * depth, &problem),
                         depth <= SYNTAX_MAX_DEPTH ? 0 : -1);
    }
    assert_int_equal(problem.offset, SYNTAX_MAX_DEPTH);
}

/* Every beginning of a text is refused, at a place inside it. */
static void test_prefixes(void **state)
{
    (void)state;
    size_t length = strlen(sample);
    for (size_t i = 0; i + 2 < length; i++) {
        struct syntax_problem problem = {SIZE_MAX, NULL};
        assert_int_equal(syntax_check(sample, i, &problem), -1);
        assert_true(problem.offset <= i);
        assert_non_null(problem.text);
    }
}

/* What cJSON would cut is refused; how large a number is, is not a question of syntax. */
static void test_numbers(void **state)
{
    (void)state;
    char text[SYNTAX_MAX_NUMBER + 8];
    struct syntax_problem problem;
    for (size_t length = SYNTAX_MAX_NUMBER; length <= SYNTAX_MAX_NUMBER + 1; length++) {
        memset(text, '9', length);
        text[length] = '\0';
        assert_int_equal(syntax_check(text, length, &problem),
                         length <= SYNTAX_MAX_NUMBER ? 0 : -1);
        text[SYNTAX_MAX_NUMBER] = '\0';
        cJSON *tree = cJSON_Parse(text);
        assert_true(cJSON_IsNumber(tree));
        cJSON_Delete(tree);
    }
    assert_int_equal(syntax_check("-1e400", 6, &problem), 0);
}

static void expect_children(const char *text, const char *const *children, size_t count)
{
    struct slice parent = {text, strlen(text)};
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        struct slice child;
        syntax_next_child(&parent, &at, &child);
        assert_int_equal(child.length, strlen(children[i]));
        assert_memory_equal(child.text, children[i], child.length);
    }
}

static void test_children(void **state)
{
    (void)state;
    static const char *const values[] = {"\"}, {\"", "[ 1, {\"b\":[ ]}]", "1.10", "{ }", "null"};
    expect_children("[\"}, {\",[ 1, {\"b\":[ ]}] ,\n1.10, { },null]", values, 5);
    expect_children(
        " {\"a\" :\"}, {\", \"b\\\"\":[ 1, {\"b\":[ ]}],\"c\": 1.10\t, \"}\":{ },\"\":null }",
        values, 5);
}

static void test_suggestions(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("cycles", "cycles"), 0);
    assert_int_equal(suggest_distance("cylces", "cycles"), 1);
    assert_int_equal(suggest_distance("cycle", "cycles"), 1);
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("abc", ""), 3);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(suggest_distance("Cycles", "cycles"), 0);
    char longer[80];
    memset(longer, 'a', sizeof longer);
    longer[79] = '\0';
    assert_true(suggest_distance(longer, "a") == UINT_MAX);
    struct suggestion suggestion;
    suggest_begin(&suggestion, "x");
    suggest_offer(&suggestion, "at");
    suggest_offer(&suggestion, "port");
    assert_null(suggestion.best);
    suggest_begin(&suggestion, "thread");
    suggest_offer(&suggestion, "trials");
    suggest_offer(&suggestion, "threads");
    assert_string_equal(suggestion.best, "threads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locate),           cmocka_unit_test(test_locate_nearest),
        cmocka_unit_test(test_accepted_is_json), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_prefixes),         cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_numbers),          cmocka_unit_test(test_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
