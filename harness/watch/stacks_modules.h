/* SPDX-License-Identifier: MIT
 *
 * Which files a process has code from, and where: read from the text of /proc/PID/maps.
 */
#ifndef WATCH_STACKS_MODULES_H
#define WATCH_STACKS_MODULES_H

#include "harness/base/buffer.h"
#include "harness/base/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Modules beyond these are ignored. */
#define STACKS_MODULES 1024U

/** An executable, a library, or the kernel's vdso. */
struct stacks_module {
    uint64_t start; /**< run-time address of the file's first byte */
    uint64_t end;   /**< first address behind its last mapping */
    char *path;     /**< "[vdso]" for the vdso */
    bool deleted;   /**< the path no longer names the file that is mapped */
};

/** In ascending order of addresses; those without any executable mapping are left out. */
struct stacks_modules {
    struct stacks_module *items;
    uint32_t count;
    uint32_t capacity; /**< items allocated */
};

/** Fills *modules, which must be empty, from the text. Lines that are none are skipped. Fails with
 *  FAILURE_ENVIRONMENT without memory; *modules is safe to release then. */
int stacks_modules_parse(struct stacks_modules *modules, const char *maps, struct failure *failure);

/** The same for the process of a living thread (its main thread may have ended). Fails with
 *  FAILURE_ENVIRONMENT if its maps cannot be read. */
int stacks_modules_read(struct stacks_modules *modules, pid_t pid, pid_t tid,
                        struct failure *failure);

/** The module that holds address, or NULL. */
const struct stacks_module *stacks_modules_find(const struct stacks_modules *modules,
                                                uint64_t address);

/** Frees everything and makes it empty again. */
void stacks_modules_release(struct stacks_modules *modules);

/** Appends what a file of /proc holds. 0, or -1 with errno set. */
int stacks_read_file(const char *path, struct buffer *text);

#endif
