/* SPDX-License-Identifier: MIT
 *
 * malloc and its kin with a counter. Blocks stay as they are, so that sanitizers see them as ever.
 */
#include "harness/worker/allocations.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic int64_t live;

static void *allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    (void)atomic_fetch_add_explicit(&live, memory != NULL, memory_order_relaxed);
    return memory;
}

static void release(void *memory)
{
    (void)atomic_fetch_sub_explicit(&live, memory != NULL, memory_order_relaxed);
    free(memory);
}

static void *resize(void *memory, size_t bytes)
{
    if (memory == NULL) {
        return allocate(bytes);
    }
    if (bytes == 0) {
        release(memory); /* as glibc's realloc does */
        return NULL;
    }
    return realloc(memory, bytes);
}

bool allocations_watch(const struct eighth_client *client)
{
    static const struct eighth_allocator counting = {sizeof counting, allocate, resize, release};
    if (client->set_allocator == NULL) {
        return false;
    }
    client->set_allocator(&counting);
    return true;
}

int64_t allocations_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}
