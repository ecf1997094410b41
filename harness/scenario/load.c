/* SPDX-License-Identifier: MIT
 *
 * Scenarios of files and folders: which files of a folder are scenarios, and in which order.
 */
#include "harness/base/buffer.h"
#include "harness/scenario/parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 8 /* of folders: ends also a loop of links */

struct loading {
    struct scenario_list *list;
    const char *const *overrides;
    size_t override_count;
    struct failure *failure;
};

/* Names of descriptors that are open already, such as a shell's <(...). */
static int is_descriptor(const char *path)
{
    static const char *const folders[] = {"/dev/stdin", "/dev/fd/", "/proc/self/fd/"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (strncmp(path, folders[i], strlen(folders[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Opening a FIFO waits for a writer, perhaps for ever, and a device may never end. */
static int check_kind(const char *path, struct failure *failure)
{
    struct stat status;
    if (is_descriptor(path) || stat(path, &status) != 0 || S_ISREG(status.st_mode)) {
        return 0; /* open tells what stat could not */
    }
    return failure_set(failure, FAILURE_USAGE,
                       "cannot read the scenario %s: it is neither a file nor a folder", path);
}

/* Reads at most one byte more than is allowed, so that the parser sees what is too long. */
static int read_file(const char *path, struct buffer *text, struct failure *failure)
{
    if (check_kind(path, failure) != 0) {
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return failure_errno(failure, FAILURE_USAGE, errno, "cannot read the scenario %s", path);
    }
    char block[16384];
    ssize_t got = 0;
    while (text->length <= SCENARIO_MAX_FILE) {
        got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        buffer_add(text, block, (size_t)got);
    }
    int error = errno;
    (void)close(fd);
    if (got < 0) {
        return failure_errno(failure, FAILURE_USAGE, error, "cannot read the scenario %s", path);
    }
    return 0;
}

static int load_file(struct loading *loading, const char *path)
{
    struct buffer text = {.ceiling = SCENARIO_MAX_FILE + (size_t)(64 << 10)};
    int status = read_file(path, &text, loading->failure);
    if (status == 0 && text.truncated) {
        status = failure_set(loading->failure, FAILURE_ENVIRONMENT, "no memory to read %s", path);
    }
    if (status == 0) {
        status = scenario_parse(loading->list, path, buffer_text(&text), text.length,
                                loading->overrides, loading->override_count, loading->failure);
    }
    buffer_clear(&text);
    return status;
}

static int ends_with(const char *name, const char *end)
{
    size_t length = strlen(name);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int load_folder(struct loading *loading, const char *folder, int depth);

static int load_entry(struct loading *loading, const char *folder, const char *name, int depth)
{
    char *path = NULL;
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    if (asprintf(&path, "%s%s%s", folder, slash, name) < 0) {
        return failure_set(loading->failure, FAILURE_ENVIRONMENT, "no memory to read %s", folder);
    }
    struct stat status;
    int result = 0;
    if (stat(path, &status) != 0) {
        result = ends_with(name, ".json") ? failure_errno(loading->failure, FAILURE_USAGE, errno,
                                                          "cannot read the scenario %s", path)
                                          : 0;
    } else if (S_ISDIR(status.st_mode)) {
        result = load_folder(loading, path, depth + 1);
    } else if (ends_with(name, ".json") && !ends_with(name, ".schema.json")) {
        result = load_file(loading, path);
    }
    free(path);
    return result;
}

static int load_folder(struct loading *loading, const char *folder, int depth)
{
    struct dirent **entries = NULL;
    if (depth > MAX_DEPTH) {
        return failure_set(loading->failure, FAILURE_USAGE,
                           "%s: folders are nested deeper than %d levels", folder, MAX_DEPTH);
    }
    int count = scandir(folder, &entries, is_visible, by_name);
    if (count < 0) {
        return failure_errno(loading->failure, FAILURE_USAGE, errno, "cannot read the folder %s",
                             folder);
    }
    int result = 0;
    for (int i = 0; i < count; i++) {
        if (result == 0) {
            result = load_entry(loading, folder, entries[i]->d_name, depth);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

/* Frees what was added since the list had that many. */
static void cut(struct scenario_list *list, size_t count)
{
    while (list->count > count) {
        scenario_free(list->items[--list->count]);
    }
    if (count == 0) {
        scenario_list_clear(list);
    }
}

int scenario_load(struct scenario_list *list, const char *path, const char *const *overrides,
                  size_t override_count, struct failure *failure)
{
    struct loading loading = {list, overrides, override_count, failure};
    struct stat status;
    size_t before = list->count;
    if (stat(path, &status) != 0) {
        return failure_errno(failure, FAILURE_USAGE, errno, "cannot read the scenario %s", path);
    }
    if (!S_ISDIR(status.st_mode)) {
        return load_file(&loading, path);
    }
    if (load_folder(&loading, path, 0) != 0) {
        cut(list, before);
        return -1;
    }
    if (list->count == before) {
        return failure_set(failure, FAILURE_USAGE, "%s: there is no scenario (*.json) in it", path);
    }
    return 0;
}
