/* SPDX-License-Identifier: MIT
 *
 * Built and installed trees, made for the test, and what is missing in them.
 */
#include "harness/watch/layout.h"

#include "harness/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
    char root[64];
};

static void make_file(const char *root, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    (void)close(fd);
}

static const char *const files[] = {
    "build/plain/eighth-worker",
    "build/plain/libeighth_h2.so",
    "build/plain/libeighth_lab.so",
    "build/plain/libeighth_.so",
    "build/plain/unrelated.so",
    "prefix/bin/eighth",
    "prefix/lib/eighth/plain/eighth-worker",
    "prefix/lib/eighth/plain/libeighth_h2.so",
};

static int make_tree(void **state)
{
    static struct tree tree;
    (void)snprintf(tree.root, sizeof tree.root, "/tmp/eighth-layout-XXXXXX");
    assert_non_null(mkdtemp(tree.root));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        make_file(tree.root, files[i]);
    }
    *state = &tree;
    return 0;
}

static int remove_tree(void **state)
{
    const struct tree *tree = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", tree->root);
    return system(command);
}

static void find_from(struct layout *layout, const struct tree *tree, const char *self)
{
    char path[256];
    struct failure failure = FAILURE_INIT;
    (void)snprintf(path, sizeof path, "%s/%s", tree->root, self);
    assert_int_equal(layout_from(layout, path, &failure), 0);
}

static void expect_worker(const struct tree *tree, const char *self, const char *worker)
{
    struct layout layout;
    char path[LAYOUT_PATH];
    char expected[256];
    struct failure failure = FAILURE_INIT;
    find_from(&layout, tree, self);
    assert_int_equal(layout_worker(&layout, "plain", path, sizeof path, &failure), 0);
    (void)snprintf(expected, sizeof expected, "%s/%s", tree->root, worker);
    assert_string_equal(path, expected);
}

static void test_worker(void **state)
{
    expect_worker(*state, "build/plain/eighth", "build/plain/eighth-worker");
    expect_worker(*state, "build/asan/eighth", "build/plain/eighth-worker");
    expect_worker(*state, "prefix/bin/eighth", "prefix/lib/eighth/plain/eighth-worker");
}

static void test_missing_flavor(void **state)
{
    struct layout layout;
    char path[LAYOUT_PATH];
    struct failure failure = FAILURE_INIT;
    find_from(&layout, *state, "build/plain/eighth");
    assert_int_equal(layout_worker(&layout, "asan", path, sizeof path, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_ENVIRONMENT);
    assert_non_null(strstr(failure.text, "make FLAVOR=asan"));
}

static void add_name(void *context, const char *name, const char *path)
{
    (void)path;
    buffer_printf(context, "%s;", name);
}

static void test_libraries(void **state)
{
    const struct tree *tree = *state;
    struct layout layout;
    char path[LAYOUT_PATH];
    char given[256];
    struct failure failure = FAILURE_INIT;
    struct buffer names = BUFFER_INIT;
    find_from(&layout, tree, "build/plain/eighth");
    assert_int_equal(layout_each_library(&layout, "plain", add_name, &names), 2);
    assert_string_equal(buffer_text(&names), "h2;lab;");
    buffer_clear(&names);
    assert_int_equal(layout_each_library(&layout, "asan", add_name, &names), 0);

    assert_int_equal(layout_library(&layout, "plain", "lab", path, sizeof path, &failure), 0);
    assert_non_null(strstr(path, "/build/plain/libeighth_lab.so"));
    assert_int_equal(layout_library(&layout, "plain", "h3", path, sizeof path, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_USAGE);
    assert_non_null(strstr(failure.text, "h2, lab"));

    (void)snprintf(given, sizeof given, "%s/build/plain/unrelated.so", tree->root);
    assert_int_equal(layout_library(&layout, "plain", given, path, sizeof path, &failure), 0);
    assert_string_equal(path, given);
    assert_int_equal(layout_library(&layout, "plain", "./nowhere.so", path, sizeof path, &failure),
                     -1);
    assert_int_equal(failure.kind, FAILURE_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker),
        cmocka_unit_test(test_missing_flavor),
        cmocka_unit_test(test_libraries),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
