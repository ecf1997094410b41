/* SPDX-License-Identifier: MIT
 *
 * The walk against the loader itself: what it says is loaded with a library is what dlopen loads.
 * And caches that are cut off or lie.
 */
#include "harness/watch/dependencies.h"

#include "harness/watch/loader_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loaded {
    char *paths[256];
    size_t count;
};

static int note_loaded(struct dl_phdr_info *info, size_t size, void *context)
{
    struct loaded *loaded = context;
    (void)size;
    char *path = info->dlpi_name[0] == '/' ? realpath(info->dlpi_name, NULL) : NULL;
    if (path != NULL && loaded->count < 256) {
        loaded->paths[loaded->count++] = path;
    } else {
        free(path);
    }
    return 0;
}

static bool has(const struct loaded *loaded, const char *path)
{
    for (size_t i = 0; i < loaded->count; i++) {
        if (strcmp(loaded->paths[i], path) == 0) {
            return true;
        }
    }
    return false;
}

static void release(struct loaded *loaded)
{
    for (size_t i = 0; i < loaded->count; i++) {
        free(loaded->paths[i]);
    }
}

/* One of many dependencies, that machines with eighth's needs have; its path by the loader. */
static void *open_library(char path[PATH_MAX])
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    struct link_map *map = NULL;
    if (handle != NULL && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
        (void)snprintf(path, PATH_MAX, "%s", map->l_name);
    }
    return handle;
}

static void test_as_the_loader(void **state)
{
    (void)state;
    char self[PATH_MAX];
    char library[PATH_MAX] = "";
    struct dependencies found;
    struct loaded before = {.count = 0};
    struct loaded after = {.count = 0};
    struct loaded walked = {.count = 0};
    assert_non_null(realpath("/proc/self/exe", self));
    (void)dl_iterate_phdr(note_loaded, &before);
    void *handle = open_library(library);
    if (handle == NULL) {
        release(&before);
        skip();
    }
    (void)dl_iterate_phdr(note_loaded, &after);
    assert_true(after.count > before.count + 3);
    dependencies_find(&found, self, library);
    assert_true(found.library < found.count);
    assert_string_equal(found.items[found.library].path, library);
    for (size_t i = 1; i < found.count; i++) {
        char *path = realpath(found.items[i].path, NULL);
        assert_non_null(path);
        assert_true(has(&after, path));
        assert_true(has(&before, path) == (i < found.library));
        assert_true(found.items[i].parent < i);
        walked.paths[walked.count++] = path;
    }
    for (size_t i = 0; i < after.count; i++) {
        assert_true(has(&walked, after.paths[i]));
    }
    dependencies_release(&found);
    release(&before);
    release(&after);
    release(&walked);
    (void)dlclose(handle);
}

static void test_no_files(void **state)
{
    (void)state;
    struct dependencies found;
    dependencies_find(&found, "/nowhere/program", "/nowhere/library.so");
    assert_int_equal(found.count, 2);
    assert_int_equal(found.items[1].needed_count, 0);
    dependencies_release(&found);
    dependencies_release(&found);
}

static size_t count_paths(const char *path, const char *name)
{
    struct loader_cache cache;
    size_t at = 0;
    size_t count = 0;
    loader_cache_read(&cache, path);
    while (loader_cache_next(&cache, name, &at) != NULL) {
        count++;
    }
    loader_cache_release(&cache);
    return count;
}

/* A header, one entry, its two texts. */
static void write_cache(const char *path, uint32_t entries, uint32_t name, size_t length)
{
    unsigned char bytes[48 + 24 + 16] = "glibc-ld.so.cache1.1";
    uint32_t where = 48 + 24 + 8;
    memcpy(bytes + 20, &entries, sizeof entries);
    memcpy(bytes + 48 + 4, &name, sizeof name);
    memcpy(bytes + 48 + 8, &where, sizeof where);
    memcpy(bytes + 48 + 24, "liba.so", 8);
    memcpy(bytes + 48 + 24 + 8, "/liba.so", 8);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    (void)close(fd);
}

static void test_caches(void **state)
{
    (void)state;
    char path[] = "/tmp/eighth-cache-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    size_t whole = 48 + 24 + 16;
    write_cache(path, 1, 48 + 24, whole);
    assert_int_equal(count_paths(path, "liba.so"), 1);
    assert_int_equal(count_paths(path, "libb.so"), 0);
    write_cache(path, UINT32_MAX, 48 + 24, whole); /* more entries than there are */
    assert_int_equal(count_paths(path, "liba.so"), 1);
    write_cache(path, 1, UINT32_MAX, whole); /* a name beyond the end */
    assert_int_equal(count_paths(path, "liba.so"), 0);
    for (size_t length = 0; length < 48 + 24; length++) {
        write_cache(path, 1, 48 + 24, length);
        assert_int_equal(count_paths(path, "liba.so"), 0);
    }
    (void)unlink(path);
    assert_int_equal(count_paths(path, "liba.so"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_loader),
        cmocka_unit_test(test_no_files),
        cmocka_unit_test(test_caches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
