/* SPDX-License-Identifier: MIT
 *
 * A map from bytes to values with a capacity: what was used least recently leaves first. It has no
 * lock; cache.h adds one where threads share it.
 */
#ifndef H2_LRU_H
#define H2_LRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a map holds. The functions may be called while the map's owner holds a lock. */
struct h2_lru_kind {
    unsigned keep; /**< most values that one key is worth having; the newest is found first */
    /** NULL: never. Otherwise: taking the value takes it out of the map. */
    bool (*single_use)(const void *value);
    void (*retain)(void *value);  /**< adds a reference */
    void (*release)(void *value); /**< gives one back */
};

struct h2_lru_entry;

/** All zero but the first three is an empty map. */
struct h2_lru {
    const struct h2_lru_kind *kind;
    unsigned keep;   /**< how many values one key may have, at least 1 */
    size_t capacity; /**< most entries, at least 1 */
    size_t count;
    size_t bucket_count; /**< a power of two; 0: none allocated yet */
    struct h2_lru_entry **buckets;
    struct h2_lru_entry *newest;
    struct h2_lru_entry *oldest;
};

/** The newest value of the key, with a reference that the caller owns; NULL if there is none. */
void *h2_lru_take(struct h2_lru *lru, const void *key, size_t length);

/** Adds a value and takes over the caller's reference. With no memory left the value is released
 *  and the map stays as it was: a cache may forget. */
void h2_lru_put(struct h2_lru *lru, const void *key, size_t length, void *value);

/** Releases all values and what the map allocated; it is empty and usable afterwards. */
void h2_lru_clear(struct h2_lru *lru);

#endif
