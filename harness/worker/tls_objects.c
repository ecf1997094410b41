/* SPDX-License-Identifier: MIT
 *
 * Counts in shards, so that threads that make objects at once do not share a cache line. An object
 * may be freed on another thread than it was made on: only the sum over all shards means something.
 *
 * The callbacks run inside OpenSSL, some of them under its locks: they wait for nothing.
 */
#include "harness/worker/tls_objects.h"

#include "harness/worker/tls_origins.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stddef.h>

#define SHARDS 64U

enum { MADE_SSL = 0, MADE_SSL_CTX, MADE_SSL_SESSION, MADE_KINDS };

struct shard {
    _Alignas(64) _Atomic int64_t live[MADE_KINDS];
    _Atomic uint64_t made;
};

static struct shard shards[SHARDS];
static _Atomic uint32_t next_shard;
static _Thread_local uint32_t own_shard; /* plus 1; 0: not chosen yet */

static struct shard *shard_of_thread(void)
{
    if (own_shard == 0) {
        own_shard = 1 + atomic_fetch_add_explicit(&next_shard, 1, memory_order_relaxed) % SHARDS;
    }
    return &shards[own_shard - 1];
}

/* argl is the kind, as given at registration. */
static void object_made(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                        void *argp)
{
    static const enum descriptor_call calls[MADE_KINDS] = {
        [MADE_SSL] = DESCRIPTOR_CALL_SSL,
        [MADE_SSL_CTX] = DESCRIPTOR_CALL_SSL_CTX,
        [MADE_SSL_SESSION] = DESCRIPTOR_CALL_SSL_SESSION,
    };
    struct call_site site = CALL_SITE();
    (void)ptr, (void)data, (void)index, (void)argp;
    tls_origins_made(parent, calls[argl], &site);
    struct shard *shard = shard_of_thread();
    (void)atomic_fetch_add_explicit(&shard->live[argl], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&shard->made, 1, memory_order_relaxed);
}

static void object_freed(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                         void *argp)
{
    (void)ptr, (void)data, (void)index, (void)argp;
    tls_origins_freed(parent);
    (void)atomic_fetch_sub_explicit(&shard_of_thread()->live[argl], 1, memory_order_relaxed);
}

int tls_objects_init(void)
{
    static const int classes[MADE_KINDS] = {
        [MADE_SSL] = CRYPTO_EX_INDEX_SSL,
        [MADE_SSL_CTX] = CRYPTO_EX_INDEX_SSL_CTX,
        [MADE_SSL_SESSION] = CRYPTO_EX_INDEX_SSL_SESSION,
    };
    for (long kind = 0; kind < MADE_KINDS; kind++) {
        if (CRYPTO_get_ex_new_index(classes[kind], kind, NULL, object_made, NULL, object_freed) <
            0) {
            return -1;
        }
    }
    return 0;
}

static int64_t sum_of(int kind)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < SHARDS; i++) {
        sum += atomic_load_explicit(&shards[i].live[kind], memory_order_relaxed);
    }
    return sum;
}

void tls_objects_count(struct tls_counts *counts)
{
    counts->ssl = sum_of(MADE_SSL);
    counts->ssl_ctx = sum_of(MADE_SSL_CTX);
    counts->ssl_session = sum_of(MADE_SSL_SESSION);
}

bool tls_objects_seen(void)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        if (atomic_load_explicit(&shards[i].made, memory_order_relaxed) != 0) {
            return true;
        }
    }
    return false;
}

bool tls_objects_shared_with(void *handle)
{
    /* Looked up in the library and what it was linked with; asking for CRYPTO_new_ex_data, by which
     * every libssl announces its objects. */
    void *theirs = dlsym(handle, "CRYPTO_new_ex_data");
    return theirs != NULL && theirs == dlsym(RTLD_DEFAULT, "CRYPTO_new_ex_data");
}
