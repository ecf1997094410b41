/* SPDX-License-Identifier: MIT
 *
 * Which files the dynamic loader will load when a program opens a shared library: found as it finds
 * them, without running it, since the constructors of what it loads are foreign code.
 *
 * Followed are DT_NEEDED with DT_RPATH, DT_RUNPATH and $ORIGIN, LD_LIBRARY_PATH, the loader's cache
 * and its usual folders. Not followed are $LIB and $PLATFORM, glibc-hwcaps, LD_PRELOAD, and what
 * the library itself opens by dlopen(3).
 */
#ifndef WATCH_DEPENDENCIES_H
#define WATCH_DEPENDENCIES_H

#include <stddef.h>

struct dependency {
    char *path;    /**< where it lies */
    char *name;    /**< what it was needed as */
    char *soname;  /**< its own name; NULL: it has none */
    char *rpath;   /**< DT_RPATH, NULL where DT_RUNPATH makes it void */
    char *runpath; /**< DT_RUNPATH or NULL */
    char **needed; /**< DT_NEEDED in its order */
    size_t needed_count;
    size_t parent; /**< index of what needs it; its own in the program */
};

/** Zeroed it is empty and safe to release. */
struct dependencies {
    struct dependency *items; /**< the program, what it needs, the library, what that needs */
    size_t count;
    size_t library; /**< index of the library; count: no memory for it */
};

/** Finds what is loaded with the library at that path when the program opens it, LD_LIBRARY_PATH
 *  being this process's own. What the program has already, the library shares. Files that are not
 *  found, are no ELF or are for another machine are left out: the loader will say what is wrong.
 *  Release it. */
void dependencies_find(struct dependencies *found, const char *program, const char *library);

/** Frees what it holds. */
void dependencies_release(struct dependencies *found);

#endif
