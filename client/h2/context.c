/* SPDX-License-Identifier: MIT
 *
 * Decides the TLS settings of a connection, and when an SSL_CTX is made anew.
 */
#include "client/h2/context.h"

#include "client/h2/certificates.h"
#include "client/h2/error.h"
#include "client/h2/memory.h"
#include "client/h2/process.h"
#include "client/h2/sessions.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

/* Shared contexts that nobody uses are kept for the next one, up to this number. */
#define MOST_KEPT 64U
#define MOST_CA_BYTES ((size_t)16 << 20)

/* HTTP/2 allows no others for TLS 1.2 that are worth having: RFC 9113 9.2.2. */
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"

static int fail_openssl(struct eighth_error *error, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);
    return h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, (int64_t)code, "%s: %s", what,
                        reason != NULL ? reason : "unknown error");
}

/* The whole file; NULL with *error. */
static char *read_file(const char *path, size_t *length, struct eighth_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)h2_error_errno(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, errno, path);
        return NULL;
    }
    char *bytes = NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        long end = ftell(file);
        if (end >= 0 && (size_t)end <= MOST_CA_BYTES && fseek(file, 0, SEEK_SET) == 0) {
            bytes = h2_allocate_raw((size_t)end + 1);
            *length = bytes != NULL ? fread(bytes, 1, (size_t)end, file) : 0;
        }
    }
    (void)fclose(file);
    if (bytes == NULL) {
        (void)h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, 0,
                           "%s: cannot be read into memory", path);
    }
    return bytes;
}

static int add_roots(X509_STORE *store, BIO *pem)
{
    int count = 0;
    X509 *root;
    while ((root = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(store, root) == 1;
        X509_free(root);
    }
    ERR_clear_error(); /* the end of the file is an error to PEM_read */
    return count;
}

/* Reads the file once, so that the digest is of the very bytes that were loaded. */
static int load_ca_file(eighth_process *process, struct h2_context *context, const char *path,
                        struct eighth_error *error)
{
    size_t length = 0;
    int result = -1;
    BIO *pem = NULL;
    char *bytes = read_file(path, &length, error);
    if (bytes == NULL) {
        return -1;
    }
    pem = BIO_new_mem_buf(bytes, (int)length);
    if (pem == NULL ||
        EVP_Digest(bytes, length, context->trust, NULL, process->sha256, NULL) != 1) {
        (void)fail_openssl(error, path);
    } else if (add_roots(SSL_CTX_get_cert_store(context->ssl_ctx), pem) == 0) {
        (void)h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, 0, "%s: no certificate in it",
                           path);
    } else {
        result = 0;
    }
    BIO_free(pem);
    h2_release(bytes);
    return result;
}

static int load_trust(eighth_process *process, struct h2_context *context,
                      const struct h2_endpoint *endpoint, struct eighth_error *error)
{
    if (!endpoint->verify) {
        SSL_CTX_set_verify(context->ssl_ctx, SSL_VERIFY_NONE, NULL);
        return 0;
    }
    SSL_CTX_set_verify(context->ssl_ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context->ssl_ctx, h2_certificate_verify, NULL);
    if (endpoint->ca_file != NULL) {
        return load_ca_file(process, context, endpoint->ca_file, error);
    }
    if (SSL_CTX_set_default_verify_paths(context->ssl_ctx) != 1) {
        return fail_openssl(error, "the system's certificate roots");
    }
    /* The system's roots are read on demand and may change: no other context has the same. */
    (void)pthread_mutex_lock(&process->lock);
    uint64_t number = ++process->contexts_made;
    (void)pthread_mutex_unlock(&process->lock);
    memcpy(context->trust, &number, sizeof(number));
    return 0;
}

static int configure(SSL_CTX *ctx, const struct h2_endpoint *endpoint, struct eighth_error *error)
{
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(ctx, 1); /* one receive for several records */
    /* The sessions are kept by this client's own caches: see sessions.h. */
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, h2_session_arrived);
    int lowest = endpoint->tls_min != 0 ? endpoint->tls_min : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(ctx, lowest) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, endpoint->tls_max) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12) != 1) {
        return fail_openssl(error, "TLS settings");
    }
    if (endpoint->alpn != NULL &&
        SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)endpoint->alpn,
                                endpoint->alpn_length) != 0) {
        return fail_openssl(error, "ALPN list");
    }
    return 0;
}

static void context_free(struct h2_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl_ctx);
        h2_release(context->key);
        h2_release(context);
    }
}

static struct h2_context *context_make(eighth_process *process, const struct h2_endpoint *endpoint,
                                       struct eighth_error *error)
{
    ERR_clear_error();
    struct h2_context *context = h2_allocate(sizeof(*context));
    if (context == NULL) {
        (void)h2_error_memory(error, EIGHTH_PHASE_TLS);
        return NULL;
    }
    context->references = 1;
    context->ssl_ctx = SSL_CTX_new(TLS_client_method());
    if (context->ssl_ctx == NULL) {
        (void)fail_openssl(error, "SSL_CTX_new");
        goto failed;
    }
    if (configure(context->ssl_ctx, endpoint, error) != 0 ||
        load_trust(process, context, endpoint, error) != 0) {
        goto failed;
    }
    process->seams.counters->add(process->counters, H2_CONTEXTS_MADE, 1);
    return context;

failed:
    context_free(context);
    return NULL;
}

/* ---- one for each acquire ---------------------------------------------------------------------
 */

static void instance_release(eighth_process *process, struct h2_context *context)
{
    (void)process;
    context_free(context);
}

const struct h2_context_ops h2_contexts_instance = {context_make, instance_release};

/* ---- shared -----------------------------------------------------------------------------------
 */

/* Equal settings have equal keys. NULL: no memory left. */
static char *write_key(const struct h2_endpoint *endpoint)
{
    const char *ca = endpoint->ca_file != NULL ? endpoint->ca_file : "";
    size_t capacity = strlen(ca) + 2U * endpoint->alpn_length + 32;
    char *key = h2_allocate(capacity);
    if (key != NULL) {
        int at = snprintf(key, capacity, "%x-%x %d ", endpoint->tls_min, endpoint->tls_max,
                          endpoint->verify);
        for (unsigned i = 0; i < endpoint->alpn_length; i++) {
            at +=
                snprintf(key + at, capacity - (size_t)at, "%02x", (unsigned char)endpoint->alpn[i]);
        }
        (void)snprintf(key + at, capacity - (size_t)at, " %s", ca);
    }
    return key;
}

static struct h2_context *find_locked(eighth_process *process, const char *key)
{
    struct h2_context *context = process->contexts;
    while (context != NULL && strcmp(context->key, key) != 0) {
        context = context->next;
    }
    return context;
}

/* New ones stand in front, so the last unused one is the oldest. */
static void forget_oldest_locked(eighth_process *process)
{
    struct h2_context **victim = NULL;
    unsigned count = 0;
    for (struct h2_context **at = &process->contexts; *at != NULL; at = &(*at)->next) {
        count++;
        if ((*at)->references == 0) {
            victim = at;
        }
    }
    if (count > MOST_KEPT && victim != NULL) {
        struct h2_context *context = *victim;
        *victim = context->next;
        context_free(context);
    }
}

/* Puts a new context into the list, or gives back the one that another thread put there first. */
static struct h2_context *publish(eighth_process *process, struct h2_context *made)
{
    (void)pthread_mutex_lock(&process->lock);
    struct h2_context *context = find_locked(process, made->key);
    if (context != NULL) {
        context->references++;
    } else {
        made->next = process->contexts;
        process->contexts = made;
        context = made;
        forget_oldest_locked(process);
    }
    (void)pthread_mutex_unlock(&process->lock);
    if (context != made) {
        context_free(made);
    }
    return context;
}

static struct h2_context *shared_acquire(eighth_process *process,
                                         const struct h2_endpoint *endpoint,
                                         struct eighth_error *error)
{
    char *key = write_key(endpoint);
    if (key == NULL) {
        (void)h2_error_memory(error, EIGHTH_PHASE_TLS);
        return NULL;
    }
    (void)pthread_mutex_lock(&process->lock);
    struct h2_context *context = find_locked(process, key);
    if (context != NULL) {
        context->references++;
    }
    (void)pthread_mutex_unlock(&process->lock);
    if (context != NULL) {
        h2_release(key);
        return context;
    }
    context = context_make(process, endpoint, error);
    if (context == NULL) {
        h2_release(key);
        return NULL;
    }
    context->key = key;
    return publish(process, context);
}

static void shared_release(eighth_process *process, struct h2_context *context)
{
    (void)pthread_mutex_lock(&process->lock);
    context->references--;
    (void)pthread_mutex_unlock(&process->lock);
}

const struct h2_context_ops h2_contexts_shared = {shared_acquire, shared_release};

void h2_contexts_clear(eighth_process *process)
{
    while (process->contexts != NULL) {
        struct h2_context *context = process->contexts;
        process->contexts = context->next;
        context_free(context);
    }
}
