/* SPDX-License-Identifier: MIT
 *
 * Decides how bytes reach the socket.
 */
#include "client/h2/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define DRAIN_STEP 4096
#define DRAIN_STEPS 4096

ssize_t h2_wire_receive(struct h2_wire *wire, void *bytes, size_t capacity)
{
    if (wire->drained) {
        wire->error = EAGAIN;
        return -1;
    }
    ssize_t got;
    do {
        got = recv(wire->fd, bytes, capacity, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        wire->error = errno == EWOULDBLOCK ? EAGAIN : errno;
        return -1;
    }
    wire->ended = got == 0;
    wire->drained = got > 0 && (size_t)got < capacity;
    return got;
}

ssize_t h2_wire_send(struct h2_wire *wire, const void *bytes, size_t length)
{
    ssize_t put;
    do {
        put = send(wire->fd, bytes, length, MSG_NOSIGNAL | (wire->more ? MSG_MORE : 0));
    } while (put < 0 && errno == EINTR);
    if (put < 0) {
        wire->error = errno == EWOULDBLOCK ? EAGAIN : errno;
    } else {
        wire->held = wire->more;
    }
    return put;
}

void h2_wire_push(struct h2_wire *wire)
{
    if (wire->held) {
        int on = 1; /* it is on already; setting it makes the kernel send: tcp(7) */
        (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        wire->held = false;
    }
}

void h2_wire_end(struct h2_wire *wire)
{
    (void)shutdown(wire->fd, SHUT_WR);
    wire->held = false;
}

void h2_wire_drain(struct h2_wire *wire)
{
    char sink[DRAIN_STEP];
    for (int i = 0; i < DRAIN_STEPS; i++) {
        ssize_t got = recv(wire->fd, sink, sizeof(sink), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || (size_t)got < DRAIN_STEP) {
            return;
        }
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int bio_read(BIO *bio, char *bytes, size_t capacity, size_t *moved)
{
    struct h2_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = h2_wire_receive(wire, bytes, capacity);
    if (got <= 0) {
        if (got < 0 && wire->error == EAGAIN) {
            BIO_set_retry_read(bio);
        }
        *moved = 0;
        return 0;
    }
    *moved = (size_t)got;
    return 1;
}

static int bio_write(BIO *bio, const char *bytes, size_t length, size_t *moved)
{
    struct h2_wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t put = h2_wire_send(wire, bytes, length);
    if (put < 0) {
        if (wire->error == EAGAIN) {
            BIO_set_retry_write(bio);
        }
        *moved = 0;
        return 0;
    }
    *moved = (size_t)put;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0; /* nothing is ever held back */
}

BIO_METHOD *h2_wire_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "h2 wire");
    if (method == NULL || BIO_meth_set_create(method, bio_create) != 1 ||
        BIO_meth_set_read_ex(method, bio_read) != 1 ||
        BIO_meth_set_write_ex(method, bio_write) != 1 ||
        BIO_meth_set_ctrl(method, bio_control) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}
