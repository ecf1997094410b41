/* SPDX-License-Identifier: MIT
 *
 * Decides between the built and the installed tree by where the program itself lies.
 */
#include "harness/watch/layout.h"

#include "harness/base/buffer.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY_PREFIX "libeighth_"
#define LIBRARY_SUFFIX ".so"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Cuts the last component off; an empty rest becomes "/". */
static void strip_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        (void)snprintf(path, 2, "/");
        return;
    }
    *slash = '\0';
}

static int format_path(char *path, size_t capacity, struct failure *failure, const char *folder,
                       const char *flavor, const char *name)
{
    int length = snprintf(path, capacity, "%s/%s/%s", folder, flavor, name);
    if (length < 0 || (size_t)length >= capacity) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "a path below %s is too long", folder);
    }
    return 0;
}

int layout_from(struct layout *layout, const char *self, struct failure *failure)
{
    static const char installed[] = "/lib/eighth";
    if (strlen(self) + sizeof installed > sizeof layout->self) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "the path of this program is too long");
    }
    (void)snprintf(layout->self, sizeof layout->self, "%s", self);
    (void)snprintf(layout->root, sizeof layout->root, "%s", self);
    strip_last(layout->root);
    bool in_bin = ends_with(layout->root, "/bin");
    strip_last(layout->root);
    if (in_bin) {
        size_t length = strlen(layout->root);
        size_t start = strcmp(layout->root, "/") == 0 ? 0 : length;
        (void)snprintf(layout->root + start, sizeof layout->root - start, "%s", installed);
    }
    return 0;
}

int layout_find(struct layout *layout, struct failure *failure)
{
    char self[LAYOUT_PATH];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                             "cannot read /proc/self/exe to find eighth's own files (is /proc "
                             "mounted?)");
    }
    self[length] = '\0';
    return layout_from(layout, self, failure);
}

int layout_worker(const struct layout *layout, const char *flavor, char *path, size_t capacity,
                  struct failure *failure)
{
    if (format_path(path, capacity, failure, layout->root, flavor, "eighth-worker") != 0) {
        return -1;
    }
    if (access(path, X_OK) != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT,
                           "there is no %s worker: %s is missing. Build it with `make FLAVOR=%s`",
                           flavor, path, flavor);
    }
    return 0;
}

/* "h2" of "libeighth_h2.so"; false for other files. */
static bool library_name(const char *file, char *name, size_t capacity)
{
    size_t prefix = strlen(LIBRARY_PREFIX);
    if (strncmp(file, LIBRARY_PREFIX, prefix) != 0 || !ends_with(file, LIBRARY_SUFFIX)) {
        return false;
    }
    size_t length = strlen(file) - prefix;
    if (length <= strlen(LIBRARY_SUFFIX) || length - strlen(LIBRARY_SUFFIX) >= capacity) {
        return false;
    }
    length -= strlen(LIBRARY_SUFFIX);
    memcpy(name, file + prefix, length);
    name[length] = '\0';
    return true;
}

size_t layout_each_library(const struct layout *layout, const char *flavor,
                           void (*each)(void *context, const char *name, const char *path),
                           void *context)
{
    char folder[LAYOUT_PATH + 32];
    (void)snprintf(folder, sizeof folder, "%s/%s", layout->root, flavor);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    size_t found = 0;
    for (int i = 0; i < count; i++) {
        char name[128];
        char path[LAYOUT_PATH + 512];
        if (library_name(entries[i]->d_name, name, sizeof name)) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            each(context, name, path);
            found++;
        }
        free(entries[i]);
    }
    free(entries);
    return found;
}

static void add_name(void *context, const char *name, const char *path)
{
    (void)path;
    struct buffer *names = context;
    buffer_printf(names, "%s%s", names->length == 0 ? "" : ", ", name);
}

static int missing_library(const struct layout *layout, const char *flavor, const char *name,
                           const char *path, struct failure *failure)
{
    struct buffer names = BUFFER_INIT;
    if (layout_each_library(layout, flavor, add_name, &names) == 0) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT,
                          "no client library is built for flavor %s: %s is missing. Build it with "
                          "`make FLAVOR=%s`",
                          flavor, path, flavor);
    } else {
        (void)failure_set(failure, FAILURE_USAGE,
                          "there is no client library \"%s\" in flavor %s (there are: %s); a "
                          "library of your own is given as a path, such as ./%s.so",
                          name, flavor, buffer_text(&names), name);
    }
    buffer_clear(&names);
    return -1;
}

int layout_library(const struct layout *layout, const char *flavor, const char *specification,
                   char *path, size_t capacity, struct failure *failure)
{
    if (strchr(specification, '/') != NULL || ends_with(specification, LIBRARY_SUFFIX)) {
        char resolved[LAYOUT_PATH];
        if (realpath(specification, resolved) == NULL) {
            return failure_errno(failure, FAILURE_USAGE, errno, "client library %s", specification);
        }
        (void)snprintf(path, capacity, "%s", resolved);
        return 0;
    }
    char file[256];
    (void)snprintf(file, sizeof file, LIBRARY_PREFIX "%s" LIBRARY_SUFFIX, specification);
    if (format_path(path, capacity, failure, layout->root, flavor, file) != 0) {
        return -1;
    }
    if (access(path, R_OK) != 0) {
        return missing_library(layout, flavor, specification, path, failure);
    }
    return 0;
}
