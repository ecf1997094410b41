/* SPDX-License-Identifier: MIT
 *
 * What init makes: all that the instances of one process share.
 */
#ifndef H2_PROCESS_H
#define H2_PROCESS_H

#include "client/h2/seams.h"

#include <nghttp2/nghttp2.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>

/** The caches of an instance or of the process; NULL where the other has it. */
struct h2_caches {
    struct h2_cache *sessions;
    struct h2_cache *names;
    struct h2_cache *certificates;
    struct h2_cache *strings;
    struct h2_buffers *buffers;
};

/** All but contexts never changes between init and cleanup. */
struct eighth_process {
    struct h2_options options;
    struct h2_seams seams;
    struct h2_counters *counters;
    struct h2_caches caches; /**< those whose table says process_wide */
    BIO_METHOD *bio_method;
    EVP_MD *sha256;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *session_options;

    pthread_mutex_t lock;        /**< guards the rest */
    struct h2_context *contexts; /**< the shared ones */
    uint64_t contexts_made;
};

/** What the contract's init does; *process is NULL after a failure. */
int h2_process_create(eighth_process **process, const char *options, struct eighth_error *error);

/** Frees everything. NULL is allowed. */
void h2_process_free(eighth_process *process);

/** Makes the caches that belong to a process (process_wide) or to an instance. -1: no memory left;
 *  what was made is released by h2_caches_release. */
int h2_caches_make(struct h2_caches *caches, const struct h2_seams *seams, bool process_wide,
                   size_t capacity);
void h2_caches_release(struct h2_caches *caches, const struct h2_seams *seams);

#endif
