/* SPDX-License-Identifier: MIT
 *
 * Defect: one table of interned strings for the process, resized without a lock.
 */
#include "client/lab/defects.h"

#include "client/h2/memory.h"

#include <string.h>

#define FIRST_BUCKETS 4U

static int limit;

struct pooled {
    struct pooled *next;
    void *value;
    uint32_t hash;
    uint32_t length;
    char text[];
};

struct h2_cache {
    const struct h2_lru_kind *kind;
    struct pooled **buckets;
    size_t bucket_count;
    size_t count;
};

static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t hash = 5381;
    for (size_t i = 0; i < length; i++) {
        hash = hash * 33 + (unsigned char)text[i];
    }
    return hash;
}

static struct h2_cache *pool_create(const struct h2_lru_kind *kind, size_t capacity)
{
    (void)capacity;
    struct h2_cache *pool = h2_allocate(sizeof(*pool));
    if (pool != NULL) {
        pool->kind = kind;
        pool->bucket_count = FIRST_BUCKETS;
        pool->buckets = h2_allocate(FIRST_BUCKETS * sizeof(struct pooled *));
        if (pool->buckets == NULL) {
            h2_release(pool);
            return NULL;
        }
    }
    return pool;
}

static void *pool_take(struct h2_cache *pool, const void *key, size_t length)
{
    uint32_t hash = hash_of(key, length);
    for (struct pooled *at = pool->buckets[hash % pool->bucket_count]; at != NULL; at = at->next) {
        if (at->hash == hash && at->length == length && memcmp(at->text, key, length) == 0) {
            pool->kind->retain(at->value);
            return at->value;
        }
    }
    return NULL;
}

/* Full pools start again: most strings come back at once. */
static void pool_empty(struct h2_cache *pool)
{
    for (size_t i = 0; i < pool->bucket_count; i++) {
        for (struct pooled *next, *at = pool->buckets[i]; at != NULL; at = next) {
            next = at->next;
            pool->kind->release(at->value);
            h2_release(at);
        }
        pool->buckets[i] = NULL;
    }
    pool->count = 0;
}

static void pool_resize(struct h2_cache *pool, size_t wanted)
{
    struct pooled **grown = h2_allocate(wanted * sizeof(struct pooled *));
    if (grown == NULL) {
        return;
    }
    for (size_t i = 0; i < pool->bucket_count; i++) {
        for (struct pooled *next, *at = pool->buckets[i]; at != NULL; at = next) {
            next = at->next;
            at->next = grown[at->hash % wanted];
            grown[at->hash % wanted] = at;
        }
    }
    h2_release(pool->buckets);
    pool->buckets = grown;
    pool->bucket_count = wanted;
}

static void pool_put(struct h2_cache *pool, const void *key, size_t length, void *value)
{
    struct pooled *made = h2_allocate(sizeof(*made) + length);
    if (made == NULL) {
        pool->kind->release(value);
        return;
    }
    if (pool->count >= (size_t)limit) {
        pool_empty(pool);
        pool_resize(pool, FIRST_BUCKETS);
    } else if (pool->count >= pool->bucket_count) {
        pool_resize(pool, pool->bucket_count * 2);
    }
    made->value = value;
    made->hash = hash_of(key, length);
    made->length = (uint32_t)length;
    memcpy(made->text, key, length);
    made->next = pool->buckets[made->hash % pool->bucket_count];
    pool->buckets[made->hash % pool->bucket_count] = made;
    pool->count++;
}

static void pool_destroy(struct h2_cache *pool)
{
    if (pool != NULL) {
        pool_empty(pool);
        h2_release(pool->buckets);
        h2_release(pool);
    }
}

static const struct h2_cache_ops global_pool = {true, pool_create, pool_take, pool_put,
                                                pool_destroy};

static int apply(struct h2_seams *seams)
{
    seams->strings = &global_pool;
    return 0;
}

static const struct lab_option options[] = {
    {"limit", "strings that the pool holds before it starts again", NULL, 2, 1 << 20, 16, &limit},
    {0},
};

const struct lab_defect lab_string_pool_global = {
    .name = "string-pool-global",
    .seed = "the global string pool is a shared hash table; concurrent modification corrupts its "
            "structure",
    .mechanism = "one thread walks a bucket array that another has just freed by growing the table",
    .plain = "crash, heap-corruption; also error, wrong-response, leak, hang",
    .asan = "asan; also ubsan, lsan, crash, heap-corruption, error, wrong-response, leak, hang",
    .tsan = "tsan; also crash, heap-corruption, error, wrong-response, leak, hang",
    .twin = "{\"cache\": \"instance\" | \"shared-locked\" | \"none\"}",
    .options = options,
    .apply = apply,
};
