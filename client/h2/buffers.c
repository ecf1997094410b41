/* SPDX-License-Identifier: MIT
 *
 * Decides how many spare I/O buffers are kept, and for whom.
 */
#include "client/h2/buffers.h"

#include "client/h2/memory.h"

#include <pthread.h>

/* One to read into and one to send from are in use at once; many threads share more. */
#define SPARE_OF_INSTANCE 2U
#define SPARE_OF_PROCESS 64U

/* A spare buffer holds the link to the next one in its first bytes. */
struct spare {
    struct spare *next;
};

struct h2_buffers {
    pthread_mutex_t lock; /**< guards the rest in the shared setting; not initialised elsewhere */
    struct spare *spares;
    unsigned count;
};

static void *pop(struct h2_buffers *pool)
{
    struct spare *spare = pool->spares;
    if (spare != NULL) {
        pool->spares = spare->next;
        pool->count--;
    }
    return spare;
}

static bool push(struct h2_buffers *pool, void *buffer, unsigned limit)
{
    if (pool->count >= limit) {
        return false;
    }
    struct spare *spare = buffer;
    spare->next = pool->spares;
    pool->spares = spare;
    pool->count++;
    return true;
}

static void *pop_or_make(struct h2_buffers *pool, bool *made)
{
    void *buffer = pop(pool);
    *made = buffer == NULL;
    return buffer != NULL ? buffer : h2_allocate_raw(H2_BUFFER_BYTES);
}

static void trim(struct h2_buffers *pool)
{
    void *buffer;
    while ((buffer = pop(pool)) != NULL) {
        h2_release(buffer);
    }
}

static struct h2_buffers *create(void)
{
    return h2_allocate(sizeof(struct h2_buffers));
}

static void destroy(struct h2_buffers *pool)
{
    if (pool != NULL) {
        trim(pool);
        h2_release(pool);
    }
}

static void own_give_back(struct h2_buffers *pool, void *buffer)
{
    if (!push(pool, buffer, SPARE_OF_INSTANCE)) {
        h2_release(buffer);
    }
}

const struct h2_buffer_ops h2_buffers_instance = {false,         create, pop_or_make,
                                                  own_give_back, trim,   destroy};

static struct h2_buffers *shared_create(void)
{
    struct h2_buffers *pool = create();
    if (pool != NULL && pthread_mutex_init(&pool->lock, NULL) != 0) {
        h2_release(pool);
        return NULL;
    }
    return pool;
}

static void *shared_lease(struct h2_buffers *pool, bool *made)
{
    (void)pthread_mutex_lock(&pool->lock);
    void *buffer = pop(pool);
    (void)pthread_mutex_unlock(&pool->lock);
    *made = buffer == NULL;
    return buffer != NULL ? buffer : h2_allocate_raw(H2_BUFFER_BYTES);
}

static void shared_give_back(struct h2_buffers *pool, void *buffer)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool kept = push(pool, buffer, SPARE_OF_PROCESS);
    (void)pthread_mutex_unlock(&pool->lock);
    if (!kept) {
        h2_release(buffer);
    }
}

static void shared_trim(struct h2_buffers *pool)
{
    (void)pool; /* others may want the spares next */
}

static void shared_destroy(struct h2_buffers *pool)
{
    if (pool != NULL) {
        (void)pthread_mutex_destroy(&pool->lock);
        destroy(pool);
    }
}

const struct h2_buffer_ops h2_buffers_shared_locked = {
    true, shared_create, shared_lease, shared_give_back, shared_trim, shared_destroy};

static void *none_lease(struct h2_buffers *pool, bool *made)
{
    (void)pool;
    *made = true;
    return h2_allocate_raw(H2_BUFFER_BYTES);
}

static void none_give_back(struct h2_buffers *pool, void *buffer)
{
    (void)pool;
    h2_release(buffer);
}

const struct h2_buffer_ops h2_buffers_none = {true,           create,      none_lease,
                                              none_give_back, shared_trim, destroy};
