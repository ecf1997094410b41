/* SPDX-License-Identifier: MIT
 *
 * Reads /proc/PID/maps: decides which mappings together are one module.
 */
#include "harness/watch/stacks_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAPS_CEILING ((size_t)16 << 20)

static const char deleted_suffix[] = " (deleted)";

/** One line of the maps. */
struct mapping {
    uint64_t start;
    uint64_t end;
    uint64_t offset;
    bool executable;
    const char *path; /**< not ended by a zero byte */
    size_t path_length;
};

/** The module that the lines so far belong to. */
struct run {
    uint64_t start;
    uint64_t end;
    bool executable;
    const char *path;
    size_t path_length;
};

int stacks_read_file(const char *path, struct buffer *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    char chunk[16384];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0) {
            buffer_add(text, chunk, (size_t)got);
        }
    }
    int error = errno;
    (void)close(fd);
    errno = error;
    return got < 0 ? -1 : 0;
}

/** Skips the field that starts at text and the spaces behind it, within the line. */
static const char *field_skip(const char *text)
{
    text += strcspn(text, " \n");
    return text + strspn(text, " ");
}

/** False for a line that is no mapping of a file or of the vdso. */
static bool mapping_read(struct mapping *mapping, const char *line, size_t length)
{
    char *rest;
    mapping->start = strtoull(line, &rest, 16);
    if (*rest != '-') {
        return false;
    }
    mapping->end = strtoull(rest + 1, &rest, 16);
    if (strnlen(rest, 5) < 5 || rest[0] != ' ' || mapping->end <= mapping->start) {
        return false;
    }
    mapping->executable = rest[3] == 'x';
    const char *offset = field_skip(rest + 1);
    mapping->offset = strtoull(offset, NULL, 16);
    mapping->path = field_skip(field_skip(field_skip(offset))); /* device, inode */
    if (mapping->path >= line + length) {
        return false;
    }
    mapping->path_length = (size_t)(line + length - mapping->path);
    return mapping->path[0] == '/' ||
           (mapping->path_length == 6 && memcmp(mapping->path, "[vdso]", 6) == 0);
}

static int modules_add(struct stacks_modules *modules, const struct run *run)
{
    if (!run->executable || modules->count == STACKS_MODULES) {
        return 0;
    }
    if (modules->count == modules->capacity) {
        uint32_t wanted = modules->capacity == 0 ? 32 : modules->capacity * 2;
        struct stacks_module *grown = realloc(modules->items, wanted * sizeof *grown);
        if (grown == NULL) {
            return -1;
        }
        modules->items = grown;
        modules->capacity = wanted;
    }
    size_t suffix = sizeof deleted_suffix - 1;
    bool deleted = run->path_length > suffix &&
                   memcmp(run->path + run->path_length - suffix, deleted_suffix, suffix) == 0;
    char *path = strndup(run->path, run->path_length - (deleted ? suffix : 0));
    if (path == NULL) {
        return -1;
    }
    modules->items[modules->count++] = (struct stacks_module){run->start, run->end, path, deleted};
    return 0;
}

static bool same_file(const struct run *run, const struct mapping *mapping)
{
    return run->path != NULL && mapping->offset != 0 && mapping->path_length == run->path_length &&
           memcmp(run->path, mapping->path, run->path_length) == 0;
}

int stacks_modules_parse(struct stacks_modules *modules, const char *maps, struct failure *failure)
{
    struct run run = {0};
    for (const char *line = maps; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        struct mapping mapping;
        if (mapping_read(&mapping, line, length)) {
            if (same_file(&run, &mapping)) {
                run.end = mapping.end;
                run.executable = run.executable || mapping.executable;
            } else {
                if (modules_add(modules, &run) != 0) {
                    goto no_memory;
                }
                run = (struct run){mapping.start, mapping.end, mapping.executable, mapping.path,
                                   mapping.path_length};
            }
        }
        line += length + (line[length] == '\n');
    }
    if (modules_add(modules, &run) == 0) {
        return 0;
    }
no_memory:
    return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the list of modules");
}

int stacks_modules_read(struct stacks_modules *modules, pid_t pid, pid_t tid,
                        struct failure *failure)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/maps", (int)pid, (int)tid);
    struct buffer text = BUFFER_INIT;
    text.ceiling = MAPS_CEILING;
    int result;
    if (stacks_read_file(path, &text) != 0) {
        result = failure_errno(failure, FAILURE_ENVIRONMENT, errno, "reading %s", path);
    } else {
        result = stacks_modules_parse(modules, buffer_text(&text), failure);
    }
    buffer_clear(&text);
    return result;
}

const struct stacks_module *stacks_modules_find(const struct stacks_modules *modules,
                                                uint64_t address)
{
    for (uint32_t i = 0; i < modules->count; i++) {
        if (address >= modules->items[i].start && address < modules->items[i].end) {
            return &modules->items[i];
        }
    }
    return NULL;
}

void stacks_modules_release(struct stacks_modules *modules)
{
    for (uint32_t i = 0; i < modules->count; i++) {
        free(modules->items[i].path);
    }
    free(modules->items);
    memset(modules, 0, sizeof *modules);
}
