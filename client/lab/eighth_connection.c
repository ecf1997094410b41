/* SPDX-License-Identifier: MIT
 *
 * Defect: a process-wide table of sessions with room for seven. The eighth insertion evicts the
 * entry that the inserting connection itself was resumed from, and still looks at.
 */
#include "client/lab/defects.h"

#include "client/h2/memory.h"

#include <string.h>

#define MOST_CAPACITY 64

static int capacity;

struct session_entry {
    SSL_SESSION *session;
    uint64_t renewals;
    size_t length;
    char key[];
};

/* In the order of insertion. */
struct h2_cache {
    pthread_mutex_t lock;
    const struct h2_lru_kind *kind;
    size_t count;
    struct session_entry *entries[MOST_CAPACITY];
};

static struct h2_cache *table_create(const struct h2_lru_kind *kind, size_t unused)
{
    (void)unused;
    struct h2_cache *table = h2_allocate(sizeof(*table));
    if (table != NULL) {
        (void)pthread_mutex_init(&table->lock, NULL);
        table->kind = kind;
    }
    return table;
}

static struct session_entry *find_locked(struct h2_cache *table, const void *key, size_t length)
{
    for (size_t i = 0; i < table->count; i++) {
        struct session_entry *entry = table->entries[i];
        if (entry->length == length && memcmp(entry->key, key, length) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void *table_take(struct h2_cache *table, const void *key, size_t length)
{
    (void)pthread_mutex_lock(&table->lock);
    struct session_entry *entry = find_locked(table, key, length);
    SSL_SESSION *session = entry != NULL ? entry->session : NULL;
    if (session != NULL) {
        table->kind->retain(session);
    }
    (void)pthread_mutex_unlock(&table->lock);
    return session;
}

static void evict_oldest_locked(struct h2_cache *table)
{
    struct session_entry *oldest = table->entries[0];
    table->count--;
    memmove(table->entries, table->entries + 1, table->count * sizeof(oldest));
    table->kind->release(oldest->session);
    h2_release(oldest);
}

static struct session_entry *insert_locked(struct h2_cache *table, const void *key, size_t length,
                                           SSL_SESSION *session)
{
    struct session_entry *entry = h2_allocate(sizeof(*entry) + length);
    if (entry == NULL) {
        table->kind->release(session);
        return NULL;
    }
    if (table->count >= (size_t)capacity) {
        evict_oldest_locked(table);
    }
    entry->session = session;
    entry->length = length;
    memcpy(entry->key, key, length);
    table->entries[table->count++] = entry;
    return entry;
}

static void table_put(struct h2_cache *table, const void *key, size_t length, void *session)
{
    (void)pthread_mutex_lock(&table->lock);
    /* What this one renews: a second ticket of the same session is no renewal. */
    struct session_entry *renewed = find_locked(table, key, length);
    struct session_entry *entry = insert_locked(table, key, length, session);
    if (entry != NULL && renewed != NULL &&
        SSL_SESSION_get_time(renewed->session) <= SSL_SESSION_get_time(entry->session)) {
        entry->renewals = renewed->renewals + 1;
    }
    (void)pthread_mutex_unlock(&table->lock);
}

static void table_destroy(struct h2_cache *table)
{
    if (table != NULL) {
        while (table->count > 0) {
            evict_oldest_locked(table);
        }
        (void)pthread_mutex_destroy(&table->lock);
        h2_release(table);
    }
}

static const struct h2_cache_ops session_table = {true, table_create, table_take, table_put,
                                                  table_destroy};

static int apply(struct h2_seams *seams)
{
    seams->sessions = &session_table;
    return 0;
}

static const struct lab_option options[] = {
    {"entries", "room in the table", NULL, 1, MOST_CAPACITY, 7, &capacity},
    {0},
};

const struct lab_defect lab_eighth_connection = {
    .name = "eighth-connection",
    .seed = "seven connections work, the eighth dies: global state accumulates until then",
    .mechanism = "a pointer to an entry, held without a reference, is kept across the insertion "
                 "that evicts and frees that entry because the table is full",
    .plain = "crash",
    .asan = "asan",
    .tsan = "crash, tsan",
    .twin = "{\"cache\": \"shared-locked\", \"capacity\": 7}",
    .options = options,
    .apply = apply,
};
