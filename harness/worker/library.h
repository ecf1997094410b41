/* SPDX-License-Identifier: MIT
 *
 * The client library: found, loaded, checked, and its table copied.
 */
#ifndef WORKER_LIBRARY_H
#define WORKER_LIBRARY_H

#include "client/eighth_client.h"
#include "harness/base/failure.h"

#include <stdbool.h>

struct library {
    void *handle; /**< of dlopen(3); never closed: stacks and leak reports need the mapping */
    struct eighth_client table; /**< a copy; what the library's table does not reach is NULL */
    bool requests;              /**< it makes requests, not only connections */
    char path[1024];            /**< as dladdr(3) tells */
};

/** Loads the library and checks symbol, ABI, size and the operations that every client must have.
 *  Fails with FAILURE_USAGE if the library cannot be a client, with FAILURE_ENVIRONMENT if the
 *  machine is short of memory or descriptors. */
int library_load(struct library *library, const char *path, struct failure *failure);

#endif
