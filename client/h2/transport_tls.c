/* SPDX-License-Identifier: MIT
 *
 * TLS by OpenSSL. Decides what OpenSSL's many ways to fail mean to a caller.
 *
 * Before each call whose result SSL_get_error() judges, the thread's error queue is cleared: an
 * entry that another connection left there would be charged to this one.
 */
#include "client/h2/transport.h"

#include "client/h2/error.h"
#include "client/h2/instance.h"
#include "client/h2/sessions.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* ---- start ------------------------------------------------------------------------------------
 */

static bool set_verification(SSL *ssl, const struct h2_name *name)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    if (name->literal) {
        return X509_VERIFY_PARAM_set1_ip_asc(parameters, name->verify) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(parameters, name->verify, 0) == 1;
}

static bool attach_wire(struct h2_link *link)
{
    BIO *bio = BIO_new(link->instance->process->bio_method);
    if (bio == NULL) {
        return false;
    }
    BIO_set_data(bio, &link->wire);
    SSL_set_bio(link->ssl, bio, bio); /* takes it over */
    return true;
}

static int tls_start(struct h2_link *link, struct eighth_error *error)
{
    eighth_instance *instance = link->instance;
    const struct h2_name *name = instance->name;
    ERR_clear_error();
    link->broken = false;
    link->ssl = SSL_new(instance->context->ssl_ctx);
    if (link->ssl == NULL || !attach_wire(link) || SSL_set_app_data(link->ssl, instance) != 1 ||
        (name->send != NULL && SSL_set_tlsext_host_name(link->ssl, name->send) != 1) ||
        (instance->endpoint.verify && !set_verification(link->ssl, name)) ||
        h2_session_offer(instance, link->ssl) != 0) {
        unsigned long code = ERR_get_error();
        const char *reason = ERR_reason_error_string(code);
        return h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, (int64_t)code,
                            "preparing TLS for \"%.80s\": %s", name->verify,
                            reason != NULL ? reason : "no memory left");
    }
    link->offered = SSL_get0_session(link->ssl);
    SSL_set_connect_state(link->ssl);
    return 0;
}

/* ---- failures ---------------------------------------------------------------------------------
 */

/* The entry of the queue that says most: the first of the TLS library, else the first. */
static unsigned long telling_error(void)
{
    unsigned long first = 0;
    unsigned long code;
    while ((code = ERR_get_error()) != 0) {
        if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
            ERR_clear_error();
            return code;
        }
        first = first == 0 ? code : first;
    }
    return first;
}

static enum h2_io fail_certificate(struct h2_link *link, struct eighth_error *error)
{
    long verdict = SSL_get_verify_result(link->ssl);
    const struct h2_name *name = link->instance->name;
    (void)h2_error_set(error, EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE, verdict,
                       "the certificate for \"%.80s\" is not accepted: %s", name->verify,
                       X509_verify_cert_error_string(verdict));
    return H2_IO_FAILED;
}

static enum h2_io fail_tls(struct h2_link *link, enum eighth_phase phase, unsigned long code,
                           struct eighth_error *error)
{
    int reason = ERR_GET_REASON(code);
    bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET;
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return fail_certificate(link, error);
    }
    if (reason == ERR_R_MALLOC_FAILURE) {
        (void)h2_error_memory(error, phase);
        return H2_IO_FAILED;
    }
    if (alert && reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) {
        phase = EIGHTH_PHASE_ALPN;
    }
    const char *text = ERR_reason_error_string(code);
    (void)h2_error_set(error, phase, EIGHTH_PROTOCOL, (int64_t)code, "%s: %s",
                       alert ? "the server sent an alert" : "TLS failed",
                       text != NULL ? text : "unknown error");
    return H2_IO_FAILED;
}

static enum h2_io fail_wire(struct h2_link *link, enum eighth_phase phase,
                            struct eighth_error *error)
{
    int number = link->wire.error;
    if (link->wire.ended || number == 0) {
        (void)h2_error_set(error, phase, EIGHTH_RESET, 0, "the server closed the connection%s",
                           phase == EIGHTH_PHASE_TLS ? " during the handshake" : "");
    } else {
        (void)h2_error_errno(error, phase, h2_error_class_of_errno(number), number,
                             "the connection failed");
    }
    return H2_IO_FAILED;
}

/* What the result of an SSL_ function means. */
static enum h2_io outcome(struct h2_link *link, int result, enum eighth_phase phase,
                          struct eighth_error *error)
{
    unsigned long code;
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_NONE:
        return H2_IO_DONE;
    case SSL_ERROR_WANT_READ:
        return H2_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return H2_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return H2_IO_END;
    default:
        link->broken = true;
        code = telling_error();
        return code != 0 ? fail_tls(link, phase, code, error) : fail_wire(link, phase, error);
    }
}

/* ---- the handshake ------------------------------------------------------------------------------
 */

static enum h2_io check_alpn(struct h2_link *link, struct eighth_error *error)
{
    const struct h2_endpoint *endpoint = &link->instance->endpoint;
    const unsigned char *selected = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(link->ssl, &selected, &length);
    if (endpoint->alpn == NULL || (length == 2 && memcmp(selected, "h2", 2) == 0 &&
                                   h2_endpoint_offers(endpoint, selected, length))) {
        return H2_IO_DONE;
    }
    if (length == 0) {
        (void)h2_error_set(error, EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL, 0,
                           "the server selected no protocol");
    } else {
        (void)h2_error_set(error, EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL, 0,
                           "the server selected \"%.*s\", which this client does not speak",
                           (int)(length < 64 ? length : 64), (const char *)selected);
    }
    return H2_IO_FAILED;
}

static enum h2_io tls_handshake(struct h2_link *link, struct eighth_error *error)
{
    ERR_clear_error();
    /* What follows the first flight is most likely the last one, and the HTTP/2 preface comes right
     * behind it: one segment for both. */
    link->wire.more = SSL_in_before(link->ssl) == 0;
    int result = SSL_do_handshake(link->ssl);
    enum h2_io io = outcome(link, result, EIGHTH_PHASE_TLS, error);
    link->wire.more = false;
    if (io != H2_IO_DONE) {
        h2_wire_push(&link->wire);
    }
    if (io == H2_IO_END) { /* close_notify instead of a handshake */
        link->broken = true;
        return fail_wire(link, EIGHTH_PHASE_TLS, error);
    }
    if (io != H2_IO_DONE) {
        return io;
    }
    h2_session_settled(link->ssl, link->offered);
    return check_alpn(link, error);
}

/* ---- data ---------------------------------------------------------------------------------------
 */

static enum h2_io tls_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                           struct eighth_error *error)
{
    ERR_clear_error();
    int result = SSL_read_ex(link->ssl, bytes, capacity, moved);
    return result == 1 ? H2_IO_DONE : outcome(link, result, EIGHTH_PHASE_H2, error);
}

static enum h2_io tls_write(struct h2_link *link, const void *bytes, size_t length, size_t *moved,
                            struct eighth_error *error)
{
    ERR_clear_error();
    int result = SSL_write_ex(link->ssl, bytes, length, moved);
    return result == 1 ? H2_IO_DONE : outcome(link, result, EIGHTH_PHASE_H2, error);
}

static enum h2_io tls_goodbye(struct h2_link *link, struct eighth_error *error)
{
    if (link->ssl == NULL || link->broken || SSL_in_init(link->ssl)) {
        return H2_IO_DONE;
    }
    ERR_clear_error();
    int result = SSL_shutdown(link->ssl);
    /* 0: close_notify is sent, the peer's has not come; nobody waits for it (RFC 8446 6.1). */
    return result >= 0 ? H2_IO_DONE : outcome(link, result, EIGHTH_PHASE_CLOSE, error);
}

static void tls_release(struct h2_link *link)
{
    if (link->ssl != NULL) {
        if (!link->broken) {
            /* Freed without this, OpenSSL marks the session as not resumable, for all its users. */
            SSL_set_shutdown(link->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        }
        SSL_free(link->ssl);
        link->ssl = NULL;
    }
}

const struct h2_transport_ops h2_transport_tls = {tls_start, tls_handshake, tls_read,
                                                  tls_write, tls_goodbye,   tls_release};
