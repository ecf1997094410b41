/* SPDX-License-Identifier: MIT
 *
 * Defect: a process-wide table of sessions with room for seven. Each session carries, as OpenSSL's
 * extra data, a pointer to the entry that its line of renewals began with. A renewal is a copy of
 * the session that it renews; OpenSSL copies the pointer along, and no reference goes with it. The
 * eighth insertion evicts the entry to which the live connection's session still refers.
 */
#include "client/lab/defects.h"

#include "client/h2/memory.h"

#include <string.h>

#define MOST_CAPACITY 64
#define MOST_AGE (24L * 60 * 60) /* of a line, in s: then the server is to look at us anew */

static int capacity;
static int origin_index; /* of a session's extra data */

struct session_entry {
    SSL_SESSION *session;
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
    for (size_t i = table->count; i-- > 0;) { /* the newest ticket is the one that was not used */
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

static void release_entry(struct h2_cache *table, struct session_entry *entry)
{
    table->kind->release(entry->session);
    h2_release(entry);
}

static void evict_oldest_locked(struct h2_cache *table)
{
    struct session_entry *oldest = table->entries[0];
    table->count--;
    memmove(table->entries, table->entries + 1, table->count * sizeof(oldest));
    release_entry(table, oldest);
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

/* The session of a connection that was resumed is a copy of the one that it was resumed from. */
static void table_put(struct h2_cache *table, const void *key, size_t length, void *session)
{
    (void)pthread_mutex_lock(&table->lock);
    const struct session_entry *origin = SSL_SESSION_get_ex_data(session, origin_index);
    struct session_entry *entry = insert_locked(table, key, length, session);
    if (entry != NULL && origin == NULL) {
        (void)SSL_SESSION_set_ex_data(session, origin_index, entry);
    } else if (entry != NULL &&
               SSL_SESSION_get_time(session) - SSL_SESSION_get_time(origin->session) > MOST_AGE) {
        table->count--;
        release_entry(table, entry);
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
    origin_index = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    seams->sessions = &session_table;
    return origin_index >= 0 ? 0 : -1;
}

static const struct lab_option options[] = {
    {"entries", "room in the table", NULL, 1, MOST_CAPACITY, 7, &capacity},
    {0},
};

const struct lab_defect lab_eighth_connection = {
    .name = "eighth-connection",
    .seed = "seven connections work, the eighth dies: global state accumulates until then",
    .mechanism = "the session of a live connection refers to the table's entry that its line of "
                 "renewals began with, without a reference of its own; the insertion that finds "
                 "the table full evicts and frees that entry and its session",
    .plain = "crash",
    .asan = "asan",
    .tsan = "tsan",
    .twin = "{\"cache\": \"shared-locked\", \"capacity\": 7}",
    .options = options,
    .apply = apply,
};
