/* SPDX-License-Identifier: MIT
 *
 * Decides what each of the three cache settings means.
 */
#include "client/h2/cache.h"

#include "client/h2/memory.h"

#include <pthread.h>

struct h2_cache {
    struct h2_lru lru;
    pthread_mutex_t lock; /**< guards lru; initialised only in the shared setting */
};

/* ---- one instance's own: its lock is the instance's ------------------------------------------ */

static struct h2_cache *own_create(const struct h2_lru_kind *kind, size_t capacity)
{
    struct h2_cache *cache = h2_allocate(sizeof(*cache));
    if (cache != NULL) {
        cache->lru.kind = kind;
        cache->lru.keep = 1; /* one connection at a time needs no second session */
        cache->lru.capacity = capacity;
    }
    return cache;
}

static void *own_take(struct h2_cache *cache, const void *key, size_t length)
{
    return h2_lru_take(&cache->lru, key, length);
}

static void own_put(struct h2_cache *cache, const void *key, size_t length, void *value)
{
    h2_lru_put(&cache->lru, key, length, value);
}

static void own_destroy(struct h2_cache *cache)
{
    if (cache != NULL) {
        h2_lru_clear(&cache->lru);
        h2_release(cache);
    }
}

const struct h2_cache_ops h2_cache_instance = {false, own_create, own_take, own_put, own_destroy};

/* ---- the process's, behind a lock -------------------------------------------------------------
 */

static struct h2_cache *shared_create(const struct h2_lru_kind *kind, size_t capacity)
{
    struct h2_cache *cache = own_create(kind, capacity);
    if (cache == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&cache->lock, NULL) != 0) {
        h2_release(cache);
        return NULL;
    }
    cache->lru.keep = kind->keep;
    return cache;
}

static void *shared_take(struct h2_cache *cache, const void *key, size_t length)
{
    (void)pthread_mutex_lock(&cache->lock);
    void *value = h2_lru_take(&cache->lru, key, length);
    (void)pthread_mutex_unlock(&cache->lock);
    return value;
}

static void shared_put(struct h2_cache *cache, const void *key, size_t length, void *value)
{
    (void)pthread_mutex_lock(&cache->lock);
    h2_lru_put(&cache->lru, key, length, value);
    (void)pthread_mutex_unlock(&cache->lock);
}

static void shared_destroy(struct h2_cache *cache)
{
    if (cache != NULL) {
        (void)pthread_mutex_destroy(&cache->lock);
        own_destroy(cache);
    }
}

const struct h2_cache_ops h2_cache_shared_locked = {true, shared_create, shared_take, shared_put,
                                                    shared_destroy};

/* ---- none: remembers only how to release what it is given ---------------------------------------
 */

static void *none_take(struct h2_cache *cache, const void *key, size_t length)
{
    (void)cache;
    (void)key;
    (void)length;
    return NULL;
}

static void none_put(struct h2_cache *cache, const void *key, size_t length, void *value)
{
    (void)key;
    (void)length;
    cache->lru.kind->release(value);
}

const struct h2_cache_ops h2_cache_none = {true, own_create, none_take, none_put, own_destroy};
