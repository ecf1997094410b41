/* SPDX-License-Identifier: MIT
 *
 * Versions, tickets, ALPN and what a ClientHello may set off.
 */
#include "harness/target/tls_context.h"

#include "harness/target/ticket_keys.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static int context_failed(struct failure *failure, const char *what)
{
    char reason[256];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    return failure_set(failure, FAILURE_ENVIRONMENT, "cannot %s: %s", what, reason);
}

/* "h2,http/1.1" to the wire format: each name after its length. */
static int encode_protocols(struct tls_contexts *contexts, const char *list,
                            struct failure *failure)
{
    size_t length = strlen(list);
    contexts->protocols = malloc(length + 1);
    if (contexts->protocols == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the ALPN list");
    }
    unsigned used = 0;
    for (const char *name = list; *name != '\0';) {
        size_t part = strcspn(name, ",");
        if (part == 0 || part > 255) {
            return failure_set(failure, FAILURE_USAGE,
                               "the ALPN list \"%s\" has a name that is empty or too long", list);
        }
        contexts->protocols[used] = (unsigned char)part;
        memcpy(contexts->protocols + used + 1, name, part);
        used += (unsigned)part + 1;
        name += part;
        name += *name == ',';
    }
    contexts->protocols_length = used;
    return 0;
}

/* The target's order counts. A client that offers nothing of it gets no_application_protocol, as
 * RFC 7301 wants it. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *offered, unsigned offered_length, void *argument)
{
    static const unsigned char h2[] = "\2h2";
    const struct tls_contexts *contexts = argument;
    struct tls_choices *choices = SSL_get_app_data(ssl);
    choices->only_h2 = offered_length == sizeof h2 - 1 && memcmp(offered, h2, sizeof h2 - 1) == 0;
    if (choices->no_protocol) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_length, contexts->protocols, contexts->protocols_length,
                              offered, offered_length) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int see_hello(SSL *ssl, int *alert, void *argument)
{
    (void)argument;
    struct tls_choices *choices = SSL_get_app_data(ssl);
    choices->hello_seen = true;
    if (choices->alert_at_hello != 0) {
        *alert = choices->alert_at_hello;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return choices->stop_at_hello ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
}

static int set_tickets(SSL_CTX *context, uint32_t tickets, bool renew)
{
    static const unsigned char name[] = "eighth target";
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (!SSL_CTX_set_num_tickets(context, tickets) ||
        !SSL_CTX_set_session_id_context(context, name, sizeof name - 1)) {
        return 0;
    }
    if (tickets == 0) {
        (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        return 1;
    }
    return !renew || ticket_keys_attach(context);
}

static int set_certificate(SSL_CTX *context, const struct certificates *certificates,
                           enum certificate_kind kind)
{
    const struct credential *credential = &certificates->of[kind];
    return SSL_CTX_use_certificate(context, credential->leaf) &&
           SSL_CTX_use_PrivateKey(context, certificates->leaf_key) &&
           (credential->chain == NULL || SSL_CTX_set1_chain(context, credential->chain));
}

static SSL_CTX *make_context(struct tls_contexts *contexts, const struct embedded_model *model,
                             const struct certificates *certificates, enum certificate_kind kind,
                             uint32_t tickets)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        return NULL;
    }
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_client_hello_cb(context, see_hello, NULL);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, contexts);
    if (SSL_CTX_set_min_proto_version(context, model->tls_min) &&
        SSL_CTX_set_max_proto_version(context, model->tls_max) &&
        set_tickets(context, tickets, model->renew_tickets) &&
        set_certificate(context, certificates, kind)) {
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

int tls_contexts_make(struct tls_contexts *contexts, const struct embedded_model *model,
                      const struct certificates *certificates, unsigned faulty_kinds,
                      struct failure *failure)
{
    if (encode_protocols(contexts, model->alpn != NULL ? model->alpn : "h2,http/1.1", failure) !=
        0) {
        tls_contexts_release(contexts);
        return -1;
    }
    contexts->own = make_context(contexts, model, certificates, model->certificate, model->tickets);
    bool made = contexts->own != NULL;
    for (unsigned kind = 0; made && kind < CERTIFICATE_KINDS; kind++) {
        if (faulty_kinds >> kind & 1) {
            contexts->faulty[kind] =
                make_context(contexts, model, certificates, (enum certificate_kind)kind, 0);
            made = contexts->faulty[kind] != NULL;
        }
    }
    if (!made) {
        tls_contexts_release(contexts);
        return context_failed(failure, "set up TLS");
    }
    return 0;
}

void tls_contexts_release(struct tls_contexts *contexts)
{
    SSL_CTX_free(contexts->own);
    for (unsigned kind = 0; kind < CERTIFICATE_KINDS; kind++) {
        SSL_CTX_free(contexts->faulty[kind]);
    }
    free(contexts->protocols);
    memset(contexts, 0, sizeof *contexts);
}
