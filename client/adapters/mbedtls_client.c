/* SPDX-License-Identifier: MIT
 *
 * mbedTLS and HTTP/1.1: a client for small machines, TLS 1.2 only. Each instance has a generator of
 * random numbers and a configuration of its own.
 */
#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/http1.h"
#include "client/adapters/base/options.h"
#include "client/adapters/base/socket.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

struct eighth_instance {
    struct endpoint endpoint;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt roots;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    const char *protocols[2]; /**< ALPN, ended by NULL */
    int fd;                   /**< -1: not open */
    int wire_error;           /**< errno value of the newest failure of the socket */
};

static int init(const char *options, eighth_process **process, struct eighth_error *error)
{
    *process = NULL;
    return options_read(options, NULL, 0, error);
}

/* ---- create and free ---- */

static int fail(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
                int code)
{
    char text[160];
    mbedtls_strerror(code, text, sizeof text);
    return error_set(error, phase, class, code, "%s", text);
}

static int check_endpoint(const struct endpoint *endpoint, struct eighth_error *error)
{
    if (endpoint->tls_min > 0x0303) {
        return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                         "this mbedTLS speaks TLS 1.2 only: leave out client.tls.min");
    }
    if (endpoint->alpn != NULL && !endpoint_offers(endpoint, "http/1.1")) {
        return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                         "this client speaks http/1.1 only: --set client.alpn=http/1.1");
    }
    return 0;
}

/* 0, or an error of mbedTLS. */
static int configure(eighth_instance *instance)
{
    const struct endpoint *endpoint = &instance->endpoint;
    int result =
        mbedtls_ctr_drbg_seed(&instance->random, mbedtls_entropy_func, &instance->entropy, NULL, 0);
    if (result == 0) {
        result =
            mbedtls_ssl_config_defaults(&instance->config, MBEDTLS_SSL_IS_CLIENT,
                                        MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    }
    if (result == 0 && endpoint->verify) {
        const char *roots = endpoint->ca_file != NULL ? endpoint->ca_file : SYSTEM_ROOTS;
        result = mbedtls_x509_crt_parse_file(&instance->roots, roots);
        result = result > 0 ? 0 : result; /* some certificates of many could not be read */
    }
    if (result == 0 && endpoint->alpn != NULL) {
        instance->protocols[0] = "http/1.1";
        result = mbedtls_ssl_conf_alpn_protocols(&instance->config, instance->protocols);
    }
    mbedtls_ssl_conf_rng(&instance->config, mbedtls_ctr_drbg_random, &instance->random);
    mbedtls_ssl_conf_ca_chain(&instance->config, &instance->roots, NULL);
    mbedtls_ssl_conf_authmode(&instance->config, endpoint->verify ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                                  : MBEDTLS_SSL_VERIFY_NONE);
    return result;
}

static void destroy(eighth_instance *instance)
{
    mbedtls_ssl_free(&instance->ssl);
    mbedtls_ssl_config_free(&instance->config);
    mbedtls_x509_crt_free(&instance->roots);
    mbedtls_ctr_drbg_free(&instance->random);
    mbedtls_entropy_free(&instance->entropy);
    socket_close(&instance->fd, true);
    endpoint_release(&instance->endpoint);
    free(instance);
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
    mbedtls_entropy_init(&instance->entropy);
    mbedtls_ctr_drbg_init(&instance->random);
    mbedtls_x509_crt_init(&instance->roots);
    mbedtls_ssl_config_init(&instance->config);
    mbedtls_ssl_init(&instance->ssl);
    int result = endpoint_copy(&instance->endpoint, endpoint, error);
    if (result == 0) {
        result = check_endpoint(&instance->endpoint, error);
    }
    if (result == 0 && instance->endpoint.tls) {
        int code = configure(instance);
        result = code == 0 ? 0 : fail(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, code);
    }
    if (result != 0) {
        destroy(instance);
        return -1;
    }
    *made = instance;
    return 0;
}

/* ---- bytes ---- */

static int wire_result(eighth_instance *instance, ssize_t moved, int again)
{
    if (moved >= 0) {
        return (int)moved;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return again;
    }
    instance->wire_error = errno;
    return MBEDTLS_ERR_NET_CONN_RESET;
}

static int wire_send(void *context, const unsigned char *bytes, size_t length)
{
    eighth_instance *instance = context;
    return wire_result(instance, send(instance->fd, bytes, length, MSG_NOSIGNAL),
                       MBEDTLS_ERR_SSL_WANT_WRITE);
}

static int wire_receive(void *context, unsigned char *bytes, size_t capacity)
{
    eighth_instance *instance = context;
    return wire_result(instance, recv(instance->fd, bytes, capacity, 0), MBEDTLS_ERR_SSL_WANT_READ);
}

/* What a negative result that is no wish to wait means. */
static int explain(const eighth_instance *instance, enum eighth_phase phase, int code,
                   struct eighth_error *error)
{
    switch (code) {
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        return fail(error, phase, EIGHTH_CERTIFICATE, code);
    case MBEDTLS_ERR_NET_CONN_RESET:
        return error_errno(error, phase, instance->wire_error, "the connection failed");
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return fail(error, phase, EIGHTH_RESET, code);
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
        return error_memory(error, phase);
    default:
        return fail(error, phase, EIGHTH_PROTOCOL, code);
    }
}

/* After a wish to wait: 1 to try again, else -1. */
static int wait_or_fail(const eighth_instance *instance, enum eighth_phase phase, int code,
                        uint64_t deadline, struct eighth_error *error)
{
    if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
        return explain(instance, phase, code, error);
    }
    if (socket_wait(instance->fd, code == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT, deadline)) {
        return 1;
    }
    return error_set(error, phase, EIGHTH_TIMEOUT, 0, "it did not end in time");
}

static int carry_out(void *context, const void *bytes, size_t length, uint64_t deadline,
                     struct eighth_error *error)
{
    eighth_instance *instance = context;
    const unsigned char *at = bytes;
    while (length > 0) {
        int sent = instance->endpoint.tls ? mbedtls_ssl_write(&instance->ssl, at, length)
                                          : wire_send(instance, at, length);
        if (sent > 0) {
            at += sent;
            length -= (size_t)sent;
        } else if (wait_or_fail(instance, EIGHTH_PHASE_REQUEST, sent, deadline, error) < 0) {
            return -1;
        }
    }
    return 0;
}

static ssize_t carry_in(void *context, void *bytes, size_t capacity, uint64_t deadline,
                        struct eighth_error *error)
{
    eighth_instance *instance = context;
    for (;;) {
        int got = instance->endpoint.tls ? mbedtls_ssl_read(&instance->ssl, bytes, capacity)
                                         : wire_receive(instance, bytes, capacity);
        if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            return 0;
        }
        if (got >= 0 || wait_or_fail(instance, EIGHTH_PHASE_REQUEST, got, deadline, error) < 0) {
            return got;
        }
    }
}

/* ---- the operations ---- */

static int shake_hands(eighth_instance *instance, uint64_t deadline,
                       struct eighth_connection *connection, struct eighth_error *error)
{
    uint64_t begun = clock_ns();
    int code = mbedtls_ssl_setup(&instance->ssl, &instance->config);
    if (code == 0) {
        code = mbedtls_ssl_set_hostname(&instance->ssl, instance->endpoint.name);
    }
    if (code != 0) {
        return fail(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, code);
    }
    mbedtls_ssl_set_bio(&instance->ssl, instance, wire_send, wire_receive, NULL);
    while ((code = mbedtls_ssl_handshake(&instance->ssl)) != 0) {
        if (wait_or_fail(instance, EIGHTH_PHASE_TLS, code, deadline, error) < 0) {
            return -1;
        }
    }
    connection->tls_ns = clock_ns() - begun;
    connection->tls_version = 0x0303;
    const char *protocol = mbedtls_ssl_get_alpn_protocol(&instance->ssl);
    if (instance->endpoint.alpn != NULL && protocol == NULL) {
        return error_set(error, EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL, 0,
                         "the server selected no protocol");
    }
    (void)snprintf(connection->alpn, sizeof connection->alpn, "%s",
                   protocol != NULL ? protocol : "");
    return 0;
}

static void hang_up(eighth_instance *instance, bool abrupt)
{
    mbedtls_ssl_free(&instance->ssl); /* which leaves it as after mbedtls_ssl_init */
    socket_close(&instance->fd, abrupt);
}

static int open_connection(eighth_instance *instance, uint64_t timeout_ns,
                           struct eighth_connection *connection, struct eighth_error *error)
{
    uint64_t deadline = deadline_after(timeout_ns);
    instance->fd = socket_dial(&instance->endpoint, deadline, connection, error);
    if (instance->fd < 0) {
        return -1;
    }
    if (instance->endpoint.tls && shake_hands(instance, deadline, connection, error) != 0) {
        hang_up(instance, false);
        return -1;
    }
    return 0;
}

static int make_request(eighth_instance *instance, const struct eighth_request *request,
                        struct eighth_response *response, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    const struct http1_carrier carrier = {instance, carry_out, carry_in};
    if (instance->fd < 0) {
        return error_not_open(error, EIGHTH_PHASE_REQUEST);
    }
    return http1_exchange(&carrier, &instance->endpoint, request, response,
                          deadline_after(timeout_ns), error);
}

static int close_connection(eighth_instance *instance, int mode, uint64_t timeout_ns,
                            struct eighth_error *error)
{
    (void)timeout_ns;
    (void)error;
    if (instance->fd < 0) {
        return 0;
    }
    if (mode == EIGHTH_CLOSE_GRACEFUL && instance->endpoint.tls) {
        /* One record: if the socket does not take it, the peer has other things to wait for. */
        (void)mbedtls_ssl_close_notify(&instance->ssl);
    }
    hang_up(instance, mode == EIGHTH_CLOSE_ABRUPT);
    return 0;
}

const struct eighth_client *eighth_client(void)
{
    static const struct eighth_client table = {
        .abi = EIGHTH_CLIENT_ABI,
        .size = sizeof table,
        .name = "mbedtls",
        .version = MBEDTLS_VERSION_STRING,
        .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE,
        .init = init,
        .create = create,
        .open = open_connection,
        .request = make_request,
        .close = close_connection,
        .free = destroy,
    };
    return &table;
}
