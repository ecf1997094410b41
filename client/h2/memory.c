/* SPDX-License-Identifier: MIT
 *
 * Decides where memory comes from.
 */
#include "client/h2/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const struct eighth_allocator standard = {sizeof(struct eighth_allocator), malloc, realloc,
                                                 free};
static struct eighth_allocator chosen = {sizeof(struct eighth_allocator), malloc, realloc, free};

void h2_memory_choose(const struct eighth_allocator *allocator)
{
    if (allocator == NULL || allocator->size < sizeof(*allocator)) {
        allocator = &standard;
    }
    chosen = *allocator;
}

void *h2_allocate_raw(size_t bytes)
{
    return chosen.allocate(bytes == 0 ? 1 : bytes);
}

void *h2_allocate(size_t bytes)
{
    void *memory = h2_allocate_raw(bytes);
    if (memory != NULL) {
        memset(memory, 0, bytes);
    }
    return memory;
}

void h2_release(void *memory)
{
    if (memory != NULL) {
        chosen.release(memory);
    }
}

char *h2_copy_text(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t length = strlen(text) + 1;
    char *copy = h2_allocate_raw(length);
    if (copy != NULL) {
        memcpy(copy, text, length);
    }
    return copy;
}

/* ---- for nghttp2 -------------------------------------------------------------------------------
 *
 * A session keeps a frame buffer of more than 16 KiB for life, of which an idle connection uses the
 * first page. Heap memory of that size is mostly recycled and thus resident; pages straight from
 * the kernel are resident once touched. So blocks of that size are mapped, and a few are kept for
 * the next session. With an allocator of the caller's choice everything goes there instead.
 */

#define MAPPED_FROM ((size_t)16384)
#define MAPPED_BYTES ((size_t)20480)
#define MOST_SPARE 64U

/** Stands before each block; as large as what malloc aligns to. */
union header {
    bool mapped;
    union header *next; /**< of a spare block */
    max_align_t alignment;
};

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static union header *spares; /* guarded by spare_lock, like the next one */
static unsigned spare_count;

static union header *map(void)
{
    (void)pthread_mutex_lock(&spare_lock);
    union header *block = spares;
    if (block != NULL) {
        spares = block->next;
        spare_count--;
    }
    (void)pthread_mutex_unlock(&spare_lock);
    if (block == NULL) {
        block =
            mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    return block == MAP_FAILED ? NULL : block;
}

static void unmap(union header *block)
{
    (void)pthread_mutex_lock(&spare_lock);
    bool keep = spare_count < MOST_SPARE;
    if (keep) {
        block->next = spares;
        spares = block;
        spare_count++;
    }
    (void)pthread_mutex_unlock(&spare_lock);
    if (!keep) {
        (void)munmap(block, MAPPED_BYTES);
    }
}

void h2_memory_trim(void)
{
    (void)pthread_mutex_lock(&spare_lock);
    while (spares != NULL) {
        union header *block = spares;
        spares = block->next;
        (void)munmap(block, MAPPED_BYTES);
    }
    spare_count = 0;
    (void)pthread_mutex_unlock(&spare_lock);
}

static void *nghttp2_allocate(size_t bytes, void *context)
{
    (void)context;
    size_t total;
    if (__builtin_add_overflow(bytes, sizeof(union header), &total)) {
        return NULL;
    }
    bool mapped = chosen.allocate == malloc && bytes >= MAPPED_FROM && total <= MAPPED_BYTES;
    union header *header = mapped ? map() : h2_allocate_raw(total);
    if (header == NULL) {
        return NULL;
    }
    header->mapped = mapped;
    return header + 1;
}

static void nghttp2_release(void *memory, void *context)
{
    (void)context;
    if (memory != NULL) {
        union header *header = (union header *)memory - 1;
        if (header->mapped) {
            unmap(header);
        } else {
            h2_release(header);
        }
    }
}

static void *nghttp2_allocate_zeroed(size_t count, size_t bytes, void *context)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        return NULL;
    }
    void *memory = nghttp2_allocate(total, context);
    if (memory != NULL) {
        memset(memory, 0, total);
    }
    return memory;
}

static void *nghttp2_resize(void *memory, size_t bytes, void *context)
{
    if (memory == NULL) {
        return nghttp2_allocate(bytes, context);
    }
    union header *header = (union header *)memory - 1;
    size_t total;
    if (__builtin_add_overflow(bytes, sizeof(*header), &total)) {
        return NULL;
    }
    if (!header->mapped) {
        header = chosen.resize(header, total);
        return header != NULL ? header + 1 : NULL;
    }
    if (total <= MAPPED_BYTES) {
        return memory;
    }
    union header *larger = h2_allocate_raw(total);
    if (larger == NULL) {
        return NULL;
    }
    memcpy(larger + 1, memory, MAPPED_BYTES - sizeof(*header));
    larger->mapped = false;
    unmap(header);
    return larger + 1;
}

nghttp2_mem *h2_memory_for_nghttp2(void)
{
    static nghttp2_mem functions = {NULL, nghttp2_allocate, nghttp2_release,
                                    nghttp2_allocate_zeroed, nghttp2_resize};
    return &functions;
}
