/* SPDX-License-Identifier: MIT
 *
 * Defect: a process-wide cache of sessions that keeps every one it ever saw.
 */
#include "client/lab/defects.h"

#include "client/h2/memory.h"

#include <string.h>

struct kept {
    struct kept *older;
    void *value;
    size_t length;
    char key[];
};

struct h2_cache {
    pthread_mutex_t lock;
    const struct h2_lru_kind *kind;
    struct kept *newest;
};

static struct h2_cache *hoard_create(const struct h2_lru_kind *kind, size_t capacity)
{
    (void)capacity; /* nobody asked for one */
    struct h2_cache *hoard = h2_allocate(sizeof(*hoard));
    if (hoard != NULL) {
        (void)pthread_mutex_init(&hoard->lock, NULL);
        hoard->kind = kind;
    }
    return hoard;
}

static void *hoard_take(struct h2_cache *hoard, const void *key, size_t length)
{
    void *value = NULL;
    (void)pthread_mutex_lock(&hoard->lock);
    for (struct kept *at = hoard->newest; at != NULL && value == NULL; at = at->older) {
        if (at->length == length && memcmp(at->key, key, length) == 0) {
            hoard->kind->retain(at->value);
            value = at->value;
        }
    }
    (void)pthread_mutex_unlock(&hoard->lock);
    return value;
}

static void hoard_put(struct h2_cache *hoard, const void *key, size_t length, void *value)
{
    struct kept *kept = h2_allocate(sizeof(*kept) + length);
    if (kept == NULL) {
        hoard->kind->release(value);
        return;
    }
    kept->value = value;
    kept->length = length;
    memcpy(kept->key, key, length);
    (void)pthread_mutex_lock(&hoard->lock);
    kept->older = hoard->newest;
    hoard->newest = kept;
    (void)pthread_mutex_unlock(&hoard->lock);
}

static void hoard_destroy(struct h2_cache *hoard)
{
    if (hoard == NULL) {
        return;
    }
    for (struct kept *older, *at = hoard->newest; at != NULL; at = older) {
        older = at->older;
        hoard->kind->release(at->value);
        h2_release(at);
    }
    (void)pthread_mutex_destroy(&hoard->lock);
    h2_release(hoard);
}

static const struct h2_cache_ops hoard_sessions = {true, hoard_create, hoard_take, hoard_put,
                                                   hoard_destroy};

static int apply(struct h2_seams *seams)
{
    seams->sessions = &hoard_sessions;
    return 0;
}

const struct lab_defect lab_cache_unbounded = {
    .name = "cache-unbounded",
    .seed = "the global TLS cache accumulates state across connections: memory grows",
    .mechanism = "nothing is evicted: each connection's sessions stay until the process ends; "
                 "cleanup frees them, so that no leak checker sees it",
    .plain = "leak (slope of the heap)",
    .asan = "none",
    .tsan = "none",
    .twin = "{\"cache\": \"shared-locked\", \"capacity\": 7}",
    .apply = apply,
};
