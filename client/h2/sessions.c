/* SPDX-License-Identifier: MIT
 *
 * Decides which TLS session is offered, how often, and to whom.
 */
#include "client/h2/sessions.h"

#include "client/h2/error.h"
#include "client/h2/instance.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

/* Enough for a herd of clients that share a cache: each takes one and gives back one or two. */
#define KEPT_FOR_ONE_SERVER 256U
#define MOST_EXPORTED (1L << 20)

static bool session_single_use(const void *value)
{
    return SSL_SESSION_get_protocol_version(value) == TLS1_3_VERSION;
}

static void session_retain(void *value)
{
    (void)SSL_SESSION_up_ref(value);
}

static void session_release(void *value)
{
    SSL_SESSION_free(value);
}

const struct h2_lru_kind h2_session_kind = {KEPT_FOR_ONE_SERVER, session_single_use, session_retain,
                                            session_release};

static bool usable(const SSL_SESSION *session)
{
    time_t end = (time_t)SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session);
    return SSL_SESSION_is_resumable(session) == 1 && time(NULL) < end;
}

/* The session to offer, with a reference that the caller owns, or NULL. */
static SSL_SESSION *choose(eighth_instance *instance)
{
    if (instance->endpoint.session == EIGHTH_SESSION_NONE) {
        return NULL;
    }
    SSL_SESSION *session = instance->imported;
    if (session != NULL) {
        instance->imported = NULL;
        return session;
    }
    if (instance->endpoint.session == EIGHTH_SESSION_IMPORT) {
        return NULL;
    }
    struct h2_cache_handle cache = h2_instance_sessions(instance);
    const char *key = instance->endpoint.identity;
    session = cache.ops->take(cache.cache, key, strlen(key));
    h2_instance_count(instance, session != NULL ? H2_SESSION_HITS : H2_SESSION_MISSES, 1);
    return session;
}

/* What a session vouches for: that this peer was verified, or that nobody asked. OpenSSL refuses to
 * resume one under another context. */
static bool write_context(const eighth_instance *instance, unsigned char context[H2_DIGEST_BYTES])
{
    char text[1024];
    const struct h2_endpoint *endpoint = &instance->endpoint;
    size_t length = (size_t)snprintf(text, sizeof(text), "%d\n%s\n%s", endpoint->verify,
                                     endpoint->sni != NULL ? endpoint->sni : endpoint->host,
                                     endpoint->ca_file != NULL ? endpoint->ca_file : "");
    length = length < sizeof(text) ? length : sizeof(text) - 1;
    return EVP_Digest(text, length, context, NULL, instance->process->sha256, NULL) == 1;
}

int h2_session_offer(eighth_instance *instance, SSL *ssl)
{
    unsigned char context[H2_DIGEST_BYTES];
    if (!write_context(instance, context) ||
        SSL_set_session_id_context(ssl, context, sizeof(context)) != 1) {
        return -1;
    }
    if (instance->endpoint.session == EIGHTH_SESSION_NONE) {
        (void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
    }
    SSL_SESSION *session = choose(instance);
    int result = 0;
    if (session != NULL && usable(session) && SSL_set_session(ssl, session) != 1) {
        result = -1;
    }
    SSL_SESSION_free(session); /* ssl has a reference of its own now */
    return result;
}

int h2_session_arrived(SSL *ssl, SSL_SESSION *session)
{
    eighth_instance *instance = SSL_get_app_data(ssl);
    if (instance->endpoint.session == EIGHTH_SESSION_NONE) {
        return 0;
    }
    if (instance->endpoint.session == EIGHTH_SESSION_REUSE) {
        struct h2_cache_handle cache = h2_instance_sessions(instance);
        const char *key = instance->endpoint.identity;
        (void)SSL_SESSION_up_ref(session);
        cache.ops->put(cache.cache, key, strlen(key), session);
    }
    SSL_SESSION_free(instance->newest);
    instance->newest = session;
    return 1;
}

void h2_session_settled(SSL *ssl, const SSL_SESSION *offered)
{
    if (SSL_version(ssl) > TLS1_2_VERSION || SSL_session_reused(ssl) != 1) {
        return;
    }
    eighth_instance *instance = SSL_get_app_data(ssl);
    SSL_SESSION *session = SSL_get1_session(ssl);
    if (session == offered) {
        /* Still good, and in its cache: what this instance exports. */
        SSL_SESSION_free(instance->newest);
        instance->newest = session;
    } else if (h2_session_arrived(ssl, session) == 0) {
        SSL_SESSION_free(session);
    }
}

int h2_session_export(eighth_instance *instance, void *buffer, size_t capacity, size_t *length,
                      struct eighth_error *error)
{
    int result = 0;
    *length = 0;
    h2_instance_lock(instance);
    SSL_SESSION *session = instance->newest;
    if (session != NULL && usable(session)) {
        ERR_clear_error();
        int needed = i2d_SSL_SESSION(session, NULL);
        *length = needed > 0 ? (size_t)needed : 0;
        if (needed <= 0) {
            result = h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL,
                                  (int64_t)ERR_get_error(), "the session cannot be written");
        } else if (*length > capacity) {
            result = h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, ENOSPC,
                                  "the session has %zu bytes, the buffer %zu", *length, capacity);
        } else {
            unsigned char *end = buffer;
            (void)i2d_SSL_SESSION(session, &end);
        }
    }
    h2_instance_unlock(instance);
    return result;
}

static bool fits(eighth_instance *instance, const SSL_SESSION *session)
{
    unsigned char wanted[H2_DIGEST_BYTES];
    unsigned length = 0;
    const unsigned char *found = SSL_SESSION_get0_id_context(session, &length);
    return write_context(instance, wanted) && length == sizeof(wanted) &&
           memcmp(found, wanted, sizeof(wanted)) == 0;
}

int h2_session_import(eighth_instance *instance, const void *bytes, size_t length,
                      struct eighth_error *error)
{
    if (instance->endpoint.session == EIGHTH_SESSION_NONE) {
        return h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_UNSUPPORTED, 0,
                            "the endpoint's session policy is none");
    }
    ERR_clear_error();
    const unsigned char *at = bytes;
    SSL_SESSION *session =
        length <= MOST_EXPORTED ? d2i_SSL_SESSION(NULL, &at, (long)length) : NULL;
    if (session == NULL) {
        return h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_PROTOCOL, (int64_t)ERR_get_error(),
                            "these %zu bytes are no TLS session", length);
    }
    h2_instance_lock(instance);
    if (fits(instance, session)) {
        SSL_SESSION_free(instance->imported);
        instance->imported = session;
        h2_instance_unlock(instance);
        return 0;
    }
    h2_instance_unlock(instance);
    SSL_SESSION_free(session);
    return h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_UNSUPPORTED, 0,
                        "the session was made for another endpoint");
}
