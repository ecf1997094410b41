/* SPDX-License-Identifier: MIT
 *
 * Where the other programs of eighth lie. The `eighth` of any flavor finds the workers and
 * libraries of all flavors beside itself:
 *
 *     built:      DIR/FLAVOR/eighth       DIR/FLAVOR/{eighth-worker,libeighth_NAME.so}
 *     installed:  PREFIX/bin/eighth PREFIX/lib/eighth/FLAVOR/{eighth-worker,libeighth_NAME.so}
 */
#ifndef WATCH_LAYOUT_H
#define WATCH_LAYOUT_H

#include "harness/base/failure.h"

#include <stddef.h>

#define LAYOUT_PATH 4096

struct layout {
    char self[LAYOUT_PATH]; /**< this program */
    char root[LAYOUT_PATH]; /**< the folder that holds one folder for each flavor */
};

/** Finds this program through /proc/self/exe. Fails with FAILURE_ENVIRONMENT. */
int layout_find(struct layout *layout, struct failure *failure);

/** The same for a program at a given path, which need not be this one. Fails with
 *  FAILURE_ENVIRONMENT when the path is too long. */
int layout_from(struct layout *layout, const char *self, struct failure *failure);

/** Writes the path of the flavor's worker. Fails with FAILURE_ENVIRONMENT, and what to build, if
 *  there is none. capacity is that of path. */
int layout_worker(const struct layout *layout, const char *flavor, char *path, size_t capacity,
                  struct failure *failure);

/** Writes the path of a client library. specification is a name ("h2"), or a path if it holds a
 *  '/' or ends in ".so". Fails with FAILURE_USAGE, naming the libraries that there are. */
int layout_library(const struct layout *layout, const char *flavor, const char *specification,
                   char *path, size_t capacity, struct failure *failure);

/** Calls each with the name and the path of every client library of the flavor, sorted by name.
 *  Returns how many there are; 0 also when the flavor is not built. */
size_t layout_each_library(const struct layout *layout, const char *flavor,
                           void (*each)(void *context, const char *name, const char *path),
                           void *context);

#endif
