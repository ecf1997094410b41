/* SPDX-License-Identifier: MIT
 *
 * Decides which entry a full map gives up, and how entries are found.
 */
#include "client/h2/lru.h"

#include "client/h2/memory.h"

#include <string.h>

#define FIRST_BUCKETS 4U

struct h2_lru_entry {
    struct h2_lru_entry *next_in_bucket;
    struct h2_lru_entry *newer;
    struct h2_lru_entry *older;
    void *value; /**< one reference is the entry's */
    uint64_t hash;
    size_t length;
    unsigned char key[];
};

/* FNV-1a. Keys are chosen by the program, not by its peers: collisions cannot be forced. */
static uint64_t hash_bytes(const unsigned char *bytes, size_t length)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return hash ^ (hash >> 32);
}

static bool is_key(const struct h2_lru_entry *entry, uint64_t hash, const void *key, size_t length)
{
    return entry->hash == hash && entry->length == length && memcmp(entry->key, key, length) == 0;
}

static struct h2_lru_entry **bucket_of(struct h2_lru *lru, uint64_t hash)
{
    return &lru->buckets[hash & (lru->bucket_count - 1)];
}

static struct h2_lru_entry *find(struct h2_lru *lru, uint64_t hash, const void *key, size_t length)
{
    if (lru->bucket_count == 0) {
        return NULL;
    }
    struct h2_lru_entry *entry = *bucket_of(lru, hash);
    while (entry != NULL && !is_key(entry, hash, key, length)) {
        entry = entry->next_in_bucket;
    }
    return entry;
}

static void age_unlink(struct h2_lru *lru, struct h2_lru_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &lru->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &lru->oldest) = entry->newer;
}

static void age_push(struct h2_lru *lru, struct h2_lru_entry *entry)
{
    entry->newer = NULL;
    entry->older = lru->newest;
    *(lru->newest != NULL ? &lru->newest->newer : &lru->oldest) = entry;
    lru->newest = entry;
}

/* Takes the entry out and frees it; its reference goes to the caller. */
static void *extract(struct h2_lru *lru, struct h2_lru_entry *entry)
{
    struct h2_lru_entry **link = bucket_of(lru, entry->hash);
    while (*link != entry) {
        link = &(*link)->next_in_bucket;
    }
    *link = entry->next_in_bucket;
    age_unlink(lru, entry);
    lru->count--;
    void *value = entry->value;
    h2_release(entry);
    return value;
}

/* Keeps about one entry a bucket. A map that cannot grow works on, only slower. */
static bool make_room(struct h2_lru *lru)
{
    if (lru->count < lru->bucket_count) {
        return true;
    }
    size_t wanted = lru->bucket_count == 0 ? FIRST_BUCKETS : lru->bucket_count * 2;
    struct h2_lru_entry **grown = h2_allocate(wanted * sizeof(*grown));
    if (grown == NULL) {
        return lru->bucket_count != 0;
    }
    h2_release(lru->buckets);
    lru->buckets = grown;
    lru->bucket_count = wanted;
    /* From old to new, so that the newest of one key stands first in its bucket again. */
    for (struct h2_lru_entry *entry = lru->oldest; entry != NULL; entry = entry->newer) {
        struct h2_lru_entry **bucket = bucket_of(lru, entry->hash);
        entry->next_in_bucket = *bucket;
        *bucket = entry;
    }
    return true;
}

void *h2_lru_take(struct h2_lru *lru, const void *key, size_t length)
{
    struct h2_lru_entry *entry = find(lru, hash_bytes(key, length), key, length);
    if (entry == NULL) {
        return NULL;
    }
    if (lru->kind->single_use != NULL && lru->kind->single_use(entry->value)) {
        return extract(lru, entry);
    }
    age_unlink(lru, entry);
    age_push(lru, entry);
    lru->kind->retain(entry->value);
    return entry->value;
}

/* Drops the oldest values of a key until one more fits. */
static void trim_key(struct h2_lru *lru, uint64_t hash, const void *key, size_t length)
{
    struct h2_lru_entry *last;
    unsigned count;
    do {
        last = NULL;
        count = 0;
        for (struct h2_lru_entry *e = *bucket_of(lru, hash); e != NULL; e = e->next_in_bucket) {
            if (is_key(e, hash, key, length)) {
                last = e;
                count++;
            }
        }
        if (count >= lru->keep) {
            lru->kind->release(extract(lru, last));
        }
    } while (count > lru->keep);
}

void h2_lru_put(struct h2_lru *lru, const void *key, size_t length, void *value)
{
    struct h2_lru_entry *entry = h2_allocate(sizeof(*entry) + length);
    if (entry == NULL || !make_room(lru)) {
        h2_release(entry);
        lru->kind->release(value);
        return;
    }
    entry->value = value;
    entry->hash = hash_bytes(key, length);
    entry->length = length;
    memcpy(entry->key, key, length);

    trim_key(lru, entry->hash, key, length);
    while (lru->count >= lru->capacity) {
        lru->kind->release(extract(lru, lru->oldest));
    }
    struct h2_lru_entry **bucket = bucket_of(lru, entry->hash);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    age_push(lru, entry);
    lru->count++;
}

void h2_lru_clear(struct h2_lru *lru)
{
    while (lru->oldest != NULL) {
        lru->kind->release(extract(lru, lru->oldest));
    }
    h2_release(lru->buckets);
    lru->buckets = NULL;
    lru->bucket_count = 0;
}
