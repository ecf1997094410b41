/* SPDX-License-Identifier: MIT
 *
 * SSL_CTX objects: TLS settings and trusted roots.
 */
#ifndef H2_CONTEXT_H
#define H2_CONTEXT_H

#include "client/h2/endpoint.h"

#include <openssl/ssl.h>

#define H2_DIGEST_BYTES 32

/** An SSL_CTX with what else belongs to it. Never changes once made. */
struct h2_context {
    struct h2_context *next; /**< in the process's list; guarded by its lock */
    char *key;               /**< the settings, for the shared ones */
    unsigned references;     /**< guarded by the process's lock */
    SSL_CTX *ssl_ctx;
    /** Equal only for equal roots: a digest of the CA file as it was loaded. */
    unsigned char trust[H2_DIGEST_BYTES];
};

/** Seam: who shares an SSL_CTX. Any thread; the process's lock is not held. */
struct h2_context_ops {
    /** A context for the endpoint, with a reference that the caller owns; NULL with *error. */
    struct h2_context *(*acquire)(eighth_process *process, const struct h2_endpoint *endpoint,
                                  struct eighth_error *error);
    /** Gives the reference back. */
    void (*release)(eighth_process *process, struct h2_context *context);
};

/** One for all endpoints with the same settings; kept until h2_contexts_clear. */
extern const struct h2_context_ops h2_contexts_shared;
/** One for each acquire. */
extern const struct h2_context_ops h2_contexts_instance;

/** Frees the shared ones. No reference is left. */
void h2_contexts_clear(eighth_process *process);

#endif
