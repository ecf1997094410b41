/* SPDX-License-Identifier: MIT
 *
 * Memory that runs out: the n-th allocation fails, for every n, and nothing crashes, leaks into the
 * list, or is called the author's fault. The allocator is replaced in this program alone; under a
 * sanitizer, which has one of its own, only cJSON's allocations fail.
 */
#include "tests/unit/scenario/support.h"

#include <errno.h>
#include <stdlib.h>

static long countdown = -1; /* fails when it reaches 0; below 0 never */

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void *cjson_allocate(size_t size)
{
    return fails() ? NULL : malloc(size);
}

static void hook(void)
{
    cJSON_Hooks hooks = {cjson_allocate, free};
    cJSON_InitHooks(&hooks);
}
#else
/* Seen by cJSON and libc too. */
#define EXPORTED __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

EXPORTED void *malloc(size_t size)
{
    if (fails()) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    if (fails()) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(count, size);
}

EXPORTED void *realloc(void *memory, size_t size)
{
    if (fails()) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(memory, size);
}

static void hook(void)
{
}
#endif

static const char text[] =
    "{\"name\":\"m\",\"client\":{\"library\":\"./x.so\",\"options\":{\"cache\":\"none\"}},"
    "\"target\":{\"embedded\":{\"faults\":[{\"fault\":\"goaway\",\"every\":3}]}},"
    "\"load\":{\"stages\":[{\"duration\":\"1s\",\"target\":3}]},"
    "\"steps\":[{\"connect\":{}},{\"repeat\":{\"times\":2,\"steps\":[{\"request\":{\"path\":\"/\","
    "\"headers\":{\"a\":\"b\"},\"body\":\"x\",\"expect\":{\"body\":\"y\"}}}]}},{\"race\":"
    "{\"operations\":[{\"ping\":{}},{\"close\":{}}]}}],\"thresholds\":{\"tls.p99\":\"< 1s\"},"
    "\"expect\":{\"findings\":[\"crash\"],\"flavors\":{\"asan\":[\"asan\"]}},"
    "\"matrix\":{\"client.options.cache\":[\"a\",\"b\"],\"trials\":[1]}}";
static const char wrong[] = "{\"name\":\"m\",\"matrix\":{\"load.threads\":[1,\"two\"]}}";
static const char *const sets[] = {"load.stages[0].target=4", "client.library=./y.so"};

/* Runs with the n-th allocation failing; whether it was reached. */
static bool attempt(long n, const char *input, int good)
{
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    countdown = n;
    int status = scenario_parse(&list, "folder/m.json", input, strlen(input), sets, 2, &failure);
    bool reached = countdown < 0;
    countdown = -1;
    if (!reached) {
        assert_int_equal(status, good);
    } else if (status == 0) {
        assert_int_equal(list.count, 2);
    } else {
        assert_int_equal(list.count, 0);
        assert_true(failure.kind != FAILURE_NONE);
    }
    scenario_list_clear(&list);
    return reached;
}

static void test_parse(void **state)
{
    (void)state;
    long n = 0;
    while (attempt(n, text, 0)) {
        n++;
    }
    assert_true(n > 50);
    for (n = 0; attempt(n, wrong, -1); n++) {
    }
    assert_true(n > 10);
}

static void test_schema(void **state)
{
    (void)state;
    bool reached = true;
    long n = 0;
    for (; reached; n++) {
        countdown = n;
        cJSON *schema = scenario_schema();
        reached = countdown < 0;
        countdown = -1;
        assert_true(reached || schema != NULL);
        cJSON_Delete(schema);
    }
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_schema),
    };
    hook();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
