/* SPDX-License-Identifier: MIT
 *
 * Decides when a read waits.
 */
#include "client/lab/socket_bio.h"

#include "client/h2/error.h"
#include "client/h2/memory.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static BIO_METHOD *method;

bool lab_socket_poll(struct lab_socket *socket)
{
    struct pollfd entry = {.fd = socket->fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&entry, 1, socket->timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}

bool lab_awaits(const eighth_instance *instance)
{
    return instance->state == H2_OPEN && instance->loop.leader != NULL;
}

/* Through a buffer of its own, as the sockets of most languages read. */
static int socket_read(BIO *bio, char *bytes, int capacity)
{
    struct lab_socket *socket = BIO_get_data(bio);
    char staged[4096];
    size_t most = (size_t)capacity < sizeof(staged) ? (size_t)capacity : sizeof(staged);
    BIO_clear_retry_flags(bio);
    for (;;) {
        ssize_t got = recv(socket->fd, staged, most, 0);
        socket->reads++;
        if (got > 0) {
            memcpy(bytes, staged, (size_t)got);
        }
        if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
            return (int)got;
        }
        if (!socket->waits || socket->wait == NULL || !socket->wait(socket)) {
            BIO_set_retry_read(bio);
            return -1;
        }
    }
}

static int socket_write(BIO *bio, const char *bytes, int length)
{
    struct lab_socket *socket = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t put = socket->raises_pipe ? write(socket->fd, bytes, (size_t)length)
                                      : send(socket->fd, bytes, (size_t)length, MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_write(bio);
    }
    return (int)put;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int socket_destroy(BIO *bio)
{
    h2_release(BIO_get_data(bio));
    BIO_set_data(bio, NULL);
    return 1;
}

int lab_socket_begin(void)
{
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "lab socket");
    if (method == NULL || BIO_meth_set_read(method, socket_read) != 1 ||
        BIO_meth_set_write(method, socket_write) != 1 ||
        BIO_meth_set_ctrl(method, socket_control) != 1 ||
        BIO_meth_set_destroy(method, socket_destroy) != 1) {
        lab_socket_end();
        return -1;
    }
    return 0;
}

void lab_socket_end(void)
{
    BIO_meth_free(method);
    method = NULL;
}

struct lab_socket *lab_socket_attach(struct h2_link *link)
{
    struct lab_socket *socket = h2_allocate(sizeof(*socket));
    BIO *bio = socket != NULL ? BIO_new(method) : NULL;
    if (bio == NULL) {
        h2_release(socket);
        return NULL;
    }
    socket->fd = link->wire.fd;
    socket->timeout_ms = -1;
    socket->instance = link->instance;
    BIO_set_data(bio, socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(link->ssl, bio, bio);
    return socket;
}

struct lab_socket *lab_socket_of(SSL *ssl)
{
    return BIO_get_data(SSL_get_rbio(ssl));
}

enum h2_io lab_outcome(struct h2_link *link, SSL *ssl, int result, struct eighth_error *error)
{
    unsigned long code;
    const char *text;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE:
        return H2_IO_DONE;
    case SSL_ERROR_WANT_READ:
        return H2_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return H2_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return H2_IO_END;
    case SSL_ERROR_SYSCALL:
        link->broken = true;
        (void)h2_error_set(error, EIGHTH_PHASE_H2, EIGHTH_RESET, 0,
                           "the connection failed (SSL_ERROR_SYSCALL)");
        return H2_IO_FAILED;
    default:
        link->broken = true;
        code = ERR_get_error();
        text = ERR_reason_error_string(code);
        (void)h2_error_set(error, EIGHTH_PHASE_H2, EIGHTH_PROTOCOL, (int64_t)code, "TLS failed: %s",
                           text != NULL ? text : "unknown error");
        return H2_IO_FAILED;
    }
}
