/* SPDX-License-Identifier: MIT
 *
 * Plain OpenSSL: SSL_connect, SSL_shutdown, and no word of HTTP. What most programs begin with.
 */
#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/options.h"
#include "client/adapters/base/sigpipe.h"
#include "client/adapters/base/socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct eighth_instance {
    struct endpoint endpoint;
    SSL_CTX *context;
    SSL *ssl; /**< NULL: not open */
    int fd;
};

static int init(const char *options, eighth_process **process, struct eighth_error *error)
{
    *process = NULL;
    return options_read(options, NULL, 0, error);
}

/* ---- create and free ---- */

/* "h2,http/1.1" becomes "\2h2\10http/1.1": each name takes the place of its comma. 0 for success.
 */
static int set_protocols(SSL_CTX *context, const char *list)
{
    unsigned char wire[256];
    size_t length = strlen(list);
    if (length + 1 > sizeof wire) {
        return 1;
    }
    memcpy(wire + 1, list, length);
    for (size_t at = 0; at <= length;) {
        size_t part = strcspn(list + at, ",");
        wire[at] = (unsigned char)part;
        at += part + 1;
    }
    return SSL_CTX_set_alpn_protos(context, wire, (unsigned)length + 1);
}

static SSL_CTX *make_context(const struct endpoint *endpoint)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) {
        return NULL;
    }
    int trusts = endpoint->ca_file != NULL ? SSL_CTX_load_verify_file(context, endpoint->ca_file)
                                           : SSL_CTX_set_default_verify_paths(context);
    if ((trusts == 1 || !endpoint->verify) &&
        SSL_CTX_set_min_proto_version(context, endpoint->tls_min) == 1 &&
        SSL_CTX_set_max_proto_version(context, endpoint->tls_max) == 1 &&
        (endpoint->alpn == NULL || set_protocols(context, endpoint->alpn) == 0)) {
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

static int fail_internal(struct eighth_error *error, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, (int64_t)code, "%s: %s", what,
                     reason != NULL ? reason : "no memory left");
}

static int create(eighth_process *process, const struct eighth_endpoint *endpoint,
                  eighth_instance **made, struct eighth_error *error)
{
    (void)process;
    eighth_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) {
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    instance->fd = -1;
    if (endpoint_copy(&instance->endpoint, endpoint, error) != 0) {
        free(instance);
        return -1;
    }
    ERR_clear_error();
    instance->context = make_context(&instance->endpoint);
    if (instance->context == NULL) {
        endpoint_release(&instance->endpoint);
        free(instance);
        return fail_internal(error, "preparing TLS");
    }
    *made = instance;
    return 0;
}

static void hang_up(eighth_instance *instance, bool abrupt)
{
    SSL_free(instance->ssl);
    instance->ssl = NULL;
    socket_close(&instance->fd, abrupt);
}

static void destroy(eighth_instance *instance)
{
    hang_up(instance, true);
    SSL_CTX_free(instance->context);
    endpoint_release(&instance->endpoint);
    free(instance);
}

/* ---- open ---- */

static bool prepare(eighth_instance *instance)
{
    const struct endpoint *endpoint = &instance->endpoint;
    bool literal = endpoint_name_is_literal(endpoint);
    instance->ssl = SSL_new(instance->context);
    if (instance->ssl == NULL || SSL_set_fd(instance->ssl, instance->fd) != 1 ||
        (!literal && SSL_set_tlsext_host_name(instance->ssl, endpoint->name) != 1)) {
        return false;
    }
    if (!endpoint->verify) {
        return true;
    }
    SSL_set_verify(instance->ssl, SSL_VERIFY_PEER, NULL);
    return literal
               ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(instance->ssl), endpoint->name) == 1
               : SSL_set1_host(instance->ssl, endpoint->name) == 1;
}

/* What the first entry of the error queue means. */
static int fail_tls(eighth_instance *instance, unsigned long code, struct eighth_error *error)
{
    int reason = ERR_GET_REASON(code);
    const char *text = ERR_reason_error_string(code);
    long verdict = SSL_get_verify_result(instance->ssl);
    ERR_clear_error();
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return error_set(error, EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE, verdict, "%s",
                         X509_verify_cert_error_string(verdict));
    }
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return error_set(error, EIGHTH_PHASE_TLS, EIGHTH_RESET, (int64_t)code,
                         "the server closed the connection during the handshake");
    }
    return error_set(
        error,
        reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL ? EIGHTH_PHASE_ALPN : EIGHTH_PHASE_TLS,
        EIGHTH_PROTOCOL, (int64_t)code, "%s", text != NULL ? text : "the handshake failed");
}

static int shake_hands(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    for (;;) {
        ERR_clear_error();
        int returned = SSL_connect(instance->ssl);
        int number = errno;
        int what = SSL_get_error(instance->ssl, returned);
        if (what == SSL_ERROR_NONE) {
            return 0;
        }
        if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
            if (!socket_wait(instance->fd, what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                             deadline)) {
                return error_set(error, EIGHTH_PHASE_TLS, EIGHTH_TIMEOUT, 0,
                                 "the handshake did not end in time");
            }
            continue;
        }
        unsigned long code = ERR_peek_error();
        return code != 0 ? fail_tls(instance, code, error)
                         : error_errno(error, EIGHTH_PHASE_TLS, number, "handshake");
    }
}

static int check_protocol(const eighth_instance *instance, struct eighth_connection *connection,
                          struct eighth_error *error)
{
    const unsigned char *name = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(instance->ssl, &name, &length);
    if (length > 0 && length < sizeof connection->alpn) {
        memcpy(connection->alpn, name, length);
    }
    if (instance->endpoint.alpn == NULL || length > 0) {
        return 0;
    }
    return error_set(error, EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL, 0,
                     "the server selected no protocol");
}

static int connect_and_shake_hands(eighth_instance *instance, uint64_t deadline,
                                   struct eighth_connection *connection, struct eighth_error *error)
{
    instance->fd = socket_dial(&instance->endpoint, deadline, connection, error);
    if (instance->fd < 0) {
        return -1;
    }
    if (!prepare(instance)) {
        return fail_internal(error, "preparing TLS");
    }
    uint64_t begun = clock_ns();
    if (shake_hands(instance, deadline, error) != 0) {
        return -1;
    }
    connection->tls_ns = clock_ns() - begun;
    connection->tls_version = (uint16_t)SSL_version(instance->ssl);
    connection->resumed = SSL_session_reused(instance->ssl) != 0;
    return check_protocol(instance, connection, error);
}

static int open_connection(eighth_instance *instance, uint64_t timeout_ns,
                           struct eighth_connection *connection, struct eighth_error *error)
{
    struct sigpipe hold;
    sigpipe_hold(&hold);
    int result = connect_and_shake_hands(instance, deadline_after(timeout_ns), connection, error);
    if (result != 0) {
        hang_up(instance, false);
    }
    sigpipe_let_go(&hold);
    return result;
}

/* ---- close ---- */

static int close_connection(eighth_instance *instance, int mode, uint64_t timeout_ns,
                            struct eighth_error *error)
{
    (void)timeout_ns;
    (void)error;
    struct sigpipe hold;
    if (instance->ssl == NULL) {
        return 0;
    }
    sigpipe_hold(&hold);
    ERR_clear_error();
    if (mode == EIGHTH_CLOSE_GRACEFUL) {
        /* Nobody waits for the peer's close_notify: RFC 8446, 6.1. */
        (void)SSL_shutdown(instance->ssl);
    }
    hang_up(instance, mode == EIGHTH_CLOSE_ABRUPT);
    ERR_clear_error();
    sigpipe_let_go(&hold);
    return 0;
}

const struct eighth_client *eighth_client(void)
{
    static const struct eighth_client table = {
        .abi = EIGHTH_CLIENT_ABI,
        .size = sizeof table,
        .name = "openssl",
        .version = OPENSSL_VERSION_STR,
        .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE,
        .init = init,
        .create = create,
        .open = open_connection,
        .close = close_connection,
        .free = destroy,
    };
    return &table;
}
