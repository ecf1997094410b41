/* SPDX-License-Identifier: MIT
 *
 * The caches of the client: TLS sessions, server names, certificate verdicts and header strings.
 * All four have one shape, and each comes in three settings: owned by one instance, shared by the
 * process behind a lock, or none.
 */
#ifndef H2_CACHE_H
#define H2_CACHE_H

#include "client/h2/counters.h"
#include "client/h2/lru.h"

struct h2_cache;

/** Seam: where cached values live and who may use them at once. */
struct h2_cache_ops {
    /** true: one for the process, used by many threads at once. false: one for each instance, used
     *  with the instance's lock held. */
    bool process_wide;
    /** An empty cache, or NULL for want of memory. kind must outlive it. */
    struct h2_cache *(*create)(const struct h2_lru_kind *kind, size_t capacity);
    /** A value with a reference that the caller owns, or NULL. */
    void *(*take)(struct h2_cache *cache, const void *key, size_t length);
    /** Takes over the caller's reference to value. Cannot fail: a cache may forget. */
    void (*put)(struct h2_cache *cache, const void *key, size_t length, void *value);
    /** Releases every value and the cache. NULL is allowed. */
    void (*destroy)(struct h2_cache *cache);
};

extern const struct h2_cache_ops h2_cache_instance;
extern const struct h2_cache_ops h2_cache_shared_locked;
extern const struct h2_cache_ops h2_cache_none;

/** A cache with all that its users need to use it. */
struct h2_cache_handle {
    const struct h2_cache_ops *ops;
    struct h2_cache *cache;
};

#endif
