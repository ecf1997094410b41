/* SPDX-License-Identifier: MIT
 *
 * A client to begin with: blocking OpenSSL, one HTTP/1.1 request after the other. See
 * docs/your-client.md.
 */
#include <eighth_client.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

struct eighth_instance {
    SSL_CTX *context;
    BIO *bio; /* NULL: not connected */
    char address[300];
    char name[256];
};

static int fail(struct eighth_error *error, int phase, int error_class, const char *text)
{
    error->phase = phase;
    error->error_class = error_class;
    snprintf(error->text, sizeof error->text, "%s", text);
    return -1;
}

static void destroy(eighth_instance *me)
{
    BIO_free_all(me->bio);
    SSL_CTX_free(me->context);
    free(me);
}

/* No I/O yet; what is needed of the endpoint is copied. */
static int create(eighth_process *process, const struct eighth_endpoint *to, eighth_instance **out,
                  struct eighth_error *error)
{
    (void)process;
    eighth_instance *me = calloc(1, sizeof *me);
    if (me == NULL || (me->context = SSL_CTX_new(TLS_client_method())) == NULL ||
        SSL_CTX_load_verify_file(me->context, to->ca_file) != 1 ||
        SSL_CTX_set_alpn_protos(me->context, (const unsigned char *)"\x08http/1.1", 9) != 0) {
        if (me != NULL) {
            destroy(me);
        }
        return fail(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, "cannot prepare TLS");
    }
    snprintf(me->address, sizeof me->address, "%s:%d", to->host, to->port);
    snprintf(me->name, sizeof me->name, "%s", to->sni != NULL ? to->sni : to->host);
    *out = me;
    return 0;
}

/* Every read and write may take as long as the whole call; a better client counts down. */
static void set_timeout(eighth_instance *me, uint64_t timeout_ns)
{
    struct timeval limit = {(time_t)(timeout_ns / 1000000000),
                            (suseconds_t)(timeout_ns % 1000000000 / 1000)};
    setsockopt((int)BIO_get_fd(me->bio, NULL), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static int connect_to_server(eighth_instance *me, uint64_t timeout_ns,
                             struct eighth_connection *connection, struct eighth_error *error)
{
    SSL *ssl = NULL;
    BIO *tcp = BIO_new_connect(me->address);
    if (tcp == NULL || BIO_do_connect(tcp) != 1) {
        BIO_free_all(tcp);
        return fail(error, EIGHTH_PHASE_TCP, EIGHTH_REFUSED, "cannot connect");
    }
    me->bio = BIO_push(BIO_new_ssl(me->context, 1), tcp);
    set_timeout(me, timeout_ns);
    BIO_get_ssl(me->bio, &ssl);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_tlsext_host_name(ssl, me->name);
    SSL_set1_host(ssl, me->name);
    if (BIO_do_handshake(me->bio) != 1) {
        int refused = SSL_get_verify_result(ssl) != X509_V_OK;
        BIO_free_all(me->bio);
        me->bio = NULL;
        return refused ? fail(error, EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE, "certificate refused")
                       : fail(error, EIGHTH_PHASE_TLS, EIGHTH_RESET, "the handshake failed");
    }
    connection->fd = (int32_t)BIO_get_fd(me->bio, NULL);
    connection->resumed = SSL_session_reused(ssl) != 0;
    return 0;
}

/* Enough for a response with content-length that fits. */
static int read_response(eighth_instance *me, char *text, size_t capacity, char **body)
{
    size_t length = 0;
    size_t whole = 0;
    while (whole == 0 || length < whole) {
        int got = BIO_read(me->bio, text + length, (int)(capacity - 1 - length));
        if (got <= 0) {
            return -1;
        }
        length += (size_t)got;
        text[length] = '\0';
        if (whole == 0 && (*body = strstr(text, "\r\n\r\n")) != NULL) {
            const char *announced = strcasestr(text, "\r\ncontent-length:");
            *body += 4;
            whole = (size_t)(*body - text);
            whole += announced != NULL ? strtoul(announced + 17, NULL, 10) : 0;
        }
    }
    return 0;
}

/* eighth wants to see some headers again, its nonce among them: a mixed up response shows by it. */
static void take_headers(const char *text, struct eighth_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        struct eighth_header_slot *slot = &response->headers[i];
        char line[80];
        snprintf(line, sizeof line, "\r\n%s: ", slot->name);
        const char *value = strcasestr(text, line);
        if (value != NULL) {
            value += strlen(line);
            slot->present = 1;
            snprintf(slot->value, slot->capacity, "%.*s", (int)strcspn(value, "\r"), value);
        }
    }
}

static int make_request(eighth_instance *me, const struct eighth_request *request,
                        struct eighth_response *response, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    char text[65536];
    char *body = NULL;
    int length =
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n",
                 request->method, request->path, me->name, request->body_length);
    for (size_t i = 0; i < request->header_count; i++) {
        length += snprintf(text + length, sizeof text - (size_t)length, "%s: %s\r\n",
                           request->headers[i].name, request->headers[i].value);
    }
    length += snprintf(text + length, sizeof text - (size_t)length, "\r\n");
    set_timeout(me, timeout_ns);
    if (BIO_write(me->bio, text, length) != length ||
        (request->body_length > 0 &&
         BIO_write(me->bio, request->body, (int)request->body_length) <= 0) ||
        read_response(me, text, sizeof text, &body) != 0) {
        return fail(error, EIGHTH_PHASE_REQUEST, EIGHTH_RESET, "the connection ended");
    }
    response->status = (int32_t)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
    response->body_length = strlen(body);
    memcpy(response->body, body,
           response->body_length < response->body_capacity ? response->body_length
                                                           : response->body_capacity);
    body[0] = '\0';
    take_headers(text, response);
    return 0;
}

static int hang_up(eighth_instance *me, int mode, uint64_t timeout_ns, struct eighth_error *error)
{
    (void)mode, (void)timeout_ns, (void)error;
    BIO_free_all(me->bio); /* says close_notify before it closes */
    me->bio = NULL;
    return 0;
}

const struct eighth_client *eighth_client(void)
{
    static const struct eighth_client table = {
        .abi = EIGHTH_CLIENT_ABI,
        .size = sizeof table,
        .name = "mine",
        .version = "0.1",
        /* What is not promised here is not asked of it. */
        .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_MIGRATE,
        .create = create,
        .open = connect_to_server,
        .request = make_request,
        .close = hang_up,
        .free = destroy,
    };
    return &table;
}
