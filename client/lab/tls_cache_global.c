/* SPDX-License-Identifier: MIT
 *
 * Defect: one TLS cache for the process, an LRU of hash table and linked list, without a lock.
 */
#include "client/lab/defects.h"

#include "client/h2/memory.h"

enum { LOCK_NONE, LOCK_GETTER };

static int lock_setting;

struct h2_cache {
    struct h2_lru lru;
};

/* The notes' synchronised accessor: whoever asks for the cache gets it under the mutex, and then
 * works on it without. */
static struct h2_cache *get(struct h2_cache *cache)
{
    static pthread_mutex_t getter = PTHREAD_MUTEX_INITIALIZER;
    if (lock_setting == LOCK_GETTER) {
        (void)pthread_mutex_lock(&getter);
        (void)pthread_mutex_unlock(&getter);
    }
    return cache;
}

static struct h2_cache *global_create(const struct h2_lru_kind *kind, size_t capacity)
{
    struct h2_cache *cache = h2_allocate(sizeof(*cache));
    if (cache != NULL) {
        cache->lru = (struct h2_lru){.kind = kind, .keep = kind->keep, .capacity = capacity};
    }
    return cache;
}

static void *global_take(struct h2_cache *cache, const void *key, size_t length)
{
    return h2_lru_take(&get(cache)->lru, key, length);
}

static void global_put(struct h2_cache *cache, const void *key, size_t length, void *value)
{
    h2_lru_put(&get(cache)->lru, key, length, value);
}

static void global_destroy(struct h2_cache *cache)
{
    if (cache != NULL) {
        h2_lru_clear(&cache->lru);
        h2_release(cache);
    }
}

static const struct h2_cache_ops global_cache = {true, global_create, global_take, global_put,
                                                 global_destroy};

static int apply(struct h2_seams *seams)
{
    seams->sessions = &global_cache;
    seams->names = &global_cache;
    seams->certificates = &global_cache;
    return 0;
}

static const char *const locks[] = {[LOCK_NONE] = "none", [LOCK_GETTER] = "getter", NULL};

static const struct lab_option options[] = {
    {"lock", "getter: a mutex around the accessor only, as the notes' second fix is written", locks,
     0, 0, LOCK_NONE, &lock_setting},
    {0},
};

const struct lab_defect lab_tls_cache_global = {
    .name = "tls-cache-global",
    .seed = "the global TLS cache is shared by all instances; its LRU eviction corrupts memory "
            "when several trigger it at once",
    .mechanism = "two threads unlink or free the same entry of an unlocked list: double free, or "
                 "links into freed memory",
    .plain = "crash, heap-corruption; also error, leak, hang",
    .asan = "asan; also ubsan, lsan, crash, heap-corruption, error, leak, hang",
    .tsan = "tsan; also crash, heap-corruption, error, leak, hang",
    .twin = "{\"cache\": \"instance\" | \"shared-locked\" | \"none\"}",
    .options = options,
    .apply = apply,
};
