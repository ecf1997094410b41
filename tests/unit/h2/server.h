/* SPDX-License-Identifier: MIT
 *
 * A small HTTP/2 server in the test's own process, which misbehaves as told. One thread accepts,
 * one serves each connection.
 *
 * Paths: /get, /bytes/N, /echo (the request's body), /never (no answer), /rst/CODE, /truncate (the
 * body is shorter than content-length), /cut (half a body, then TCP ends), /goaway (answers, then
 * GOAWAY), /refuse (GOAWAY that excludes this request), /headers/N (N long fields), /early (answers
 * 413 and reads no body).
 */
#ifndef TEST_H2_SERVER_H
#define TEST_H2_SERVER_H

#include "tests/unit/h2/pki.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum test_mode {
    TEST_SERVE,
    TEST_STALL,           /**< accept and say nothing */
    TEST_RESET_HANDSHAKE, /**< RST after the ClientHello */
    TEST_EOF_HANDSHAKE,   /**< FIN after the ClientHello */
    TEST_ALERT,           /**< a fatal alert after the ClientHello */
    TEST_GARBAGE,         /**< no TLS at all */
    TEST_NO_ALPN,         /**< selects no protocol */
    TEST_ALPN_ALERT,      /**< answers ALPN with an alert */
    TEST_RESET_AFTER,     /**< RST after the handshake */
    TEST_H2_GARBAGE,      /**< breaks HTTP/2 after the handshake */
    TEST_BYE,             /**< close_notify after the handshake, then reads to the end */
    TEST_BYE_GONE,        /**< close_notify after the handshake, then RST */
    TEST_BYE_DEAF         /**< small buffers; close_notify at ->speak, reads to the end at ->hear */
};

struct test_server {
    int listener;
    uint16_t port;
    bool tls;
    enum test_mode mode;
    SSL_CTX *ssl_ctx;
    pthread_t thread;
    _Atomic int live;         /**< connection threads */
    _Atomic int accepted;     /**< connections */
    _Atomic int resumed;      /**< handshakes that were abbreviated */
    _Atomic int close_notify; /**< connections that the client ended with close_notify */
    _Atomic int resets;       /**< connections that ended with RST, seen here */
    sem_t speak;              /**< TEST_BYE_DEAF */
    sem_t hear;
};

struct test_peer {
    struct test_server *server;
    int fd;
    SSL *ssl;
    bool over;
};

struct test_reply {
    uint8_t *body;
    size_t length;
    size_t capacity;
    size_t sent;
    size_t stop; /**< no more than this is sent, though length says more */
    bool cut;    /**< end the connection there */
    char path[64];
};

/* ---- bytes -------------------------------------------------------------------------------------
 */

static inline ssize_t test_peer_read(struct test_peer *peer, void *bytes, size_t capacity)
{
    if (peer->ssl == NULL) {
        return recv(peer->fd, bytes, capacity, 0);
    }
    ERR_clear_error();
    return SSL_read(peer->ssl, bytes, (int)capacity);
}

static inline bool test_peer_write(struct test_peer *peer, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ERR_clear_error();
        ssize_t put = peer->ssl != NULL ? SSL_write(peer->ssl, bytes, (int)length)
                                        : send(peer->fd, bytes, length, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

static inline void test_peer_reset(struct test_peer *peer)
{
    struct linger linger = {1, 0};
    (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    peer->over = true;
}

/* ---- HTTP/2 -------------------------------------------------------------------------------------
 */

static inline ssize_t test_read_reply(nghttp2_session *session, int32_t id, uint8_t *target,
                                      size_t capacity, uint32_t *flags, nghttp2_data_source *source,
                                      void *context)
{
    (void)session;
    (void)id;
    struct test_reply *reply = source->ptr;
    struct test_peer *peer = context;
    size_t left = reply->stop - reply->sent;
    size_t part = left < capacity ? left : capacity;
    memcpy(target, reply->body + reply->sent, part);
    reply->sent += part;
    if (reply->sent == reply->stop) {
        if (reply->cut && part == 0) {
            peer->over = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= reply->cut ? 0 : NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)part;
}

static inline nghttp2_nv test_field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), 0};
}

static inline void test_answer(nghttp2_session *session, int32_t id, struct test_reply *reply,
                               const char *status, int fields)
{
    char length[32];
    char filler[1024];
    nghttp2_nv nva[80];
    size_t count = 0;
    memset(filler, 'f', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    (void)snprintf(length, sizeof(length), "%zu", reply->length);
    nva[count++] = test_field(":status", status);
    nva[count++] = test_field("content-length", length);
    nva[count++] = test_field("x-path", reply->path);
    for (int i = 0; i < fields && count < 80; i++) {
        nva[count++] = test_field("x-filler", filler);
    }
    nghttp2_data_provider provider = {.source = {.ptr = reply}, .read_callback = test_read_reply};
    (void)nghttp2_submit_response(session, id, nva, count, &provider);
}

static inline void test_make_body(struct test_reply *reply, size_t length)
{
    free(reply->body);
    reply->body = malloc(length + 1);
    for (size_t i = 0; i < length; i++) {
        reply->body[i] = (uint8_t)(i * 31 + (i >> 8));
    }
    reply->length = length;
}

static inline void test_dispatch(nghttp2_session *session, int32_t id, struct test_reply *reply)
{
    unsigned long number = 0;
    if (strcmp(reply->path, "/never") == 0) {
        return;
    }
    if (sscanf(reply->path, "/rst/%lu", &number) == 1) {
        (void)nghttp2_submit_rst_stream(session, 0, id, (uint32_t)number);
        return;
    }
    if (strcmp(reply->path, "/refuse") == 0) {
        (void)nghttp2_submit_goaway(session, 0, id - 2 > 0 ? id - 2 : 0, NGHTTP2_NO_ERROR, NULL, 0);
        return;
    }
    if (sscanf(reply->path, "/bytes/%lu", &number) == 1) {
        test_make_body(reply, number);
    } else if (strcmp(reply->path, "/echo") != 0 || reply->body == NULL) {
        test_make_body(reply, 100);
    }
    int fields = 0;
    (void)sscanf(reply->path, "/headers/%d", &fields);
    reply->stop = reply->length;
    if (strcmp(reply->path, "/truncate") == 0 || strcmp(reply->path, "/cut") == 0) {
        reply->stop = reply->length / 2;
        reply->cut = strcmp(reply->path, "/cut") == 0;
    }
    test_answer(session, id, reply, strcmp(reply->path, "/early") == 0 ? "413" : "200", fields);
    if (strcmp(reply->path, "/goaway") == 0) {
        (void)nghttp2_submit_goaway(session, 0, id, NGHTTP2_NO_ERROR, NULL, 0);
    }
}

static inline int test_on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)context;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        struct test_reply *reply = calloc(1, sizeof(*reply));
        (void)nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, reply);
    }
    return 0;
}

static inline int test_on_header(nghttp2_session *session, const nghttp2_frame *frame,
                                 const uint8_t *name, size_t name_length, const uint8_t *value,
                                 size_t value_length, uint8_t flags, void *context)
{
    (void)name_length;
    (void)flags;
    (void)context;
    struct test_reply *reply = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (reply != NULL && strcmp((const char *)name, ":path") == 0) {
        (void)snprintf(reply->path, sizeof(reply->path), "%.*s", (int)value_length, value);
    }
    return 0;
}

static inline int test_on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                               const uint8_t *bytes, size_t length, void *context)
{
    (void)flags;
    (void)context;
    struct test_reply *reply = nghttp2_session_get_stream_user_data(session, id);
    if (reply != NULL && strcmp(reply->path, "/early") != 0) {
        while (reply->length + length > reply->capacity) {
            reply->capacity = reply->capacity > 0 ? 2 * reply->capacity : 4096;
            reply->body = realloc(reply->body, reply->capacity);
        }
        memcpy(reply->body + reply->length, bytes, length);
        reply->length += length;
    }
    return 0;
}

static inline int test_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)context;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    struct test_reply *reply = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool early = reply != NULL && strcmp(reply->path, "/early") == 0;
    if (reply != NULL && (early ? frame->hd.type == NGHTTP2_HEADERS
                                : (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)) {
        test_dispatch(session, frame->hd.stream_id, reply);
    }
    return 0;
}

static inline int test_on_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    (void)code;
    (void)context;
    struct test_reply *reply = nghttp2_session_get_stream_user_data(session, id);
    if (reply != NULL) {
        (void)nghttp2_session_set_stream_user_data(session, id, NULL);
        free(reply->body);
        free(reply);
    }
    return 0;
}

static inline nghttp2_session *test_session(struct test_peer *peer)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_session *session = NULL;
    (void)nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, test_on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, test_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, test_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, test_on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, test_on_close);
    (void)nghttp2_session_server_new(&session, callbacks, peer);
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

/* What streams are left when a connection breaks off has no callback. */
static inline void test_free_streams(nghttp2_session *session)
{
    for (int32_t id = 1; id <= nghttp2_session_get_last_proc_stream_id(session); id += 2) {
        (void)test_on_close(session, id, 0, NULL);
    }
}

static inline bool test_flush(struct test_peer *peer, nghttp2_session *session)
{
    const uint8_t *bytes;
    ssize_t length;
    while ((length = nghttp2_session_mem_send(session, &bytes)) > 0) {
        if (!test_peer_write(peer, bytes, (size_t)length)) {
            return false;
        }
    }
    return length == 0;
}

static inline void test_serve(struct test_peer *peer)
{
    uint8_t bytes[16384];
    nghttp2_session *session = test_session(peer);
    (void)nghttp2_submit_settings(session, 0, NULL, 0);
    while (!peer->over && test_flush(peer, session) && !peer->over) {
        ssize_t got = test_peer_read(peer, bytes, sizeof(bytes));
        if (got <= 0) {
            if (peer->ssl != NULL && (SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN) != 0) {
                atomic_fetch_add(&peer->server->close_notify, 1);
            } else if (got < 0 && errno == ECONNRESET) {
                atomic_fetch_add(&peer->server->resets, 1);
            }
            break;
        }
        if (nghttp2_session_mem_recv(session, bytes, (size_t)got) < 0) {
            break;
        }
    }
    test_free_streams(session);
    nghttp2_session_del(session);
}

/* Says goodbye first, and counts the answer. */
static inline void test_say_bye(struct test_peer *peer)
{
    struct test_server *server = peer->server;
    char bytes[16384];
    if (server->mode == TEST_BYE_DEAF) {
        (void)sem_wait(&server->speak);
    }
    if (server->mode == TEST_BYE_GONE) { /* not before the client's open is through */
        (void)test_peer_read(peer, bytes, sizeof(bytes));
    }
    ERR_clear_error();
    (void)SSL_shutdown(peer->ssl);
    if (server->mode == TEST_BYE_GONE) {
        test_peer_reset(peer);
        return;
    }
    if (server->mode == TEST_BYE_DEAF) {
        (void)sem_wait(&server->hear);
    }
    while (test_peer_read(peer, bytes, sizeof(bytes)) > 0) {
    }
    server->close_notify += (SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

/* ---- connections
 * ----------------------------------------------------------------------------------- */

/* Faults before TLS. true: the connection is over. */
static inline bool test_spoil_tcp(struct test_peer *peer)
{
    static const uint8_t alert[] = {0x15, 3, 3, 0, 2, 2, 40}; /* handshake_failure */
    static const uint8_t garbage[] = "220 this is no TLS server at all\r\n";
    char bytes[4096];
    switch (peer->server->mode) {
    case TEST_STALL:
        while (recv(peer->fd, bytes, sizeof(bytes), 0) > 0) {
        }
        return true;
    case TEST_RESET_HANDSHAKE:
        (void)recv(peer->fd, bytes, sizeof(bytes), 0);
        test_peer_reset(peer);
        return true;
    case TEST_EOF_HANDSHAKE:
        (void)recv(peer->fd, bytes, sizeof(bytes), 0);
        return true;
    case TEST_ALERT:
        (void)recv(peer->fd, bytes, sizeof(bytes), 0);
        (void)send(peer->fd, alert, sizeof(alert), MSG_NOSIGNAL);
        return true;
    case TEST_GARBAGE:
        (void)recv(peer->fd, bytes, sizeof(bytes), 0);
        (void)send(peer->fd, garbage, sizeof(garbage), MSG_NOSIGNAL);
        return true;
    default:
        return false;
    }
}

static inline bool test_accept_tls(struct test_peer *peer)
{
    peer->ssl = SSL_new(peer->server->ssl_ctx);
    (void)SSL_set_fd(peer->ssl, peer->fd);
    ERR_clear_error();
    if (SSL_accept(peer->ssl) != 1) {
        return false;
    }
    atomic_fetch_add(&peer->server->resumed, SSL_session_reused(peer->ssl) == 1);
    return true;
}

static inline void *test_connection(void *argument)
{
    struct test_peer *peer = argument;
    struct test_server *server = peer->server;
    sigset_t pipe; /* of this server's threads only: the client must not need it */
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    if (!test_spoil_tcp(peer) && (!server->tls || test_accept_tls(peer))) {
        if (server->mode == TEST_RESET_AFTER) {
            test_peer_reset(peer);
        } else if (server->mode == TEST_H2_GARBAGE) {
            uint8_t junk[600] = {0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1};
            (void)test_peer_write(peer, junk, sizeof(junk));
            while (test_peer_read(peer, junk, sizeof(junk)) > 0) {
            }
            server->close_notify += (SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
        } else if (server->mode >= TEST_BYE) {
            test_say_bye(peer);
        } else {
            test_serve(peer);
        }
    }
    SSL_free(peer->ssl);
    (void)close(peer->fd);
    free(peer);
    atomic_fetch_sub(&server->live, 1);
    return NULL;
}

static inline void *test_accept(void *argument)
{
    struct test_server *server = argument;
    int fd;
    while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct test_peer *peer = calloc(1, sizeof(*peer));
        pthread_t thread;
        int on = 1; /* else each window update waits for the client's delayed acknowledgement */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        peer->server = server;
        peer->fd = fd;
        atomic_fetch_add(&server->accepted, 1);
        atomic_fetch_add(&server->live, 1);
        if (pthread_create(&thread, NULL, test_connection, peer) != 0) {
            abort();
        }
        (void)pthread_detach(thread);
    }
    return NULL;
}

/* ---- the server
 * ---------------------------------------------------------------------------------------- */

static inline int test_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *length,
                                   const unsigned char *in, unsigned in_length, void *argument)
{
    (void)ssl;
    const struct test_server *server = argument;
    if (server->mode == TEST_NO_ALPN) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    if (server->mode == TEST_ALPN_ALERT ||
        nghttp2_select_next_protocol((unsigned char **)(uintptr_t)out, length, in, in_length) !=
            1) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* identity NULL: clear text. */
static inline void test_server_start(struct test_server *server,
                                     const struct test_identity *identity, enum test_mode mode)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    memset(server, 0, sizeof(*server));
    server->mode = mode;
    server->tls = identity != NULL;
    if (server->tls) {
        server->ssl_ctx = SSL_CTX_new(TLS_server_method());
        (void)SSL_CTX_use_certificate(server->ssl_ctx, identity->certificate);
        (void)SSL_CTX_use_PrivateKey(server->ssl_ctx, identity->key);
        SSL_CTX_set_alpn_select_cb(server->ssl_ctx, test_select_alpn, server);
        (void)SSL_CTX_set_session_id_context(server->ssl_ctx, (const unsigned char *)"test", 4);
    }
    (void)sem_init(&server->speak, 0, 0);
    (void)sem_init(&server->hear, 0, 0);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (mode == TEST_BYE_DEAF) {
        int small = 4096;
        (void)setsockopt(server->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    }
    if (bind(server->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(server->listener, 512) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&server->thread, NULL, test_accept, server) != 0) {
        abort();
    }
    server->port = ntohs(address.sin_port);
}

/* Waits until every connection has ended: the clients are closed by then. */
static inline void test_server_stop(struct test_server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    while (atomic_load(&server->live) > 0) {
        (void)usleep(1000);
    }
    (void)close(server->listener);
    SSL_CTX_free(server->ssl_ctx);
    (void)sem_destroy(&server->speak);
    (void)sem_destroy(&server->hear);
}

#endif
