/* SPDX-License-Identifier: MIT
 *
 * Memory that several processes map and that outlives any of them: memfd_create(2). A process
 * inherits the descriptor across exec and maps it by number.
 */
#ifndef BASE_SHARED_MEMORY_H
#define BASE_SHARED_MEMORY_H

#include "harness/base/failure.h"

#include <stdbool.h>
#include <stddef.h>

struct shared_memory {
    void *memory; /**< NULL when not mapped */
    size_t size;  /**< bytes */
    int fd;       /**< close-on-exec; -1 when none */
};

#define SHARED_MEMORY_INIT \
    {                      \
        NULL, 0, -1        \
    }

/** Creates size zeroed bytes and maps them for reading and writing. Pages cost memory only when
 *  touched. Fails with FAILURE_ENVIRONMENT. name is for /proc/PID/maps. */
int shared_memory_create(struct shared_memory *shared, const char *name, size_t size,
                         struct failure *failure);

/** Maps what fd holds (all of it). On success shared owns fd. Fails with FAILURE_ENVIRONMENT. */
int shared_memory_map(struct shared_memory *shared, int fd, bool writable, struct failure *failure);

/** Unmaps and closes; safe on SHARED_MEMORY_INIT. */
void shared_memory_release(struct shared_memory *shared);

#endif
