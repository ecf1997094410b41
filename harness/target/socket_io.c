/* SPDX-License-Identifier: MIT
 *
 * The one place where the target reads from and writes to a client's socket.
 */
#include "harness/target/socket_io.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

ssize_t socket_io_receive(struct socket_io *io, void *bytes, size_t capacity)
{
    if (io->eof || io->reset) {
        return 0;
    }
    if (io->drained || io->budget == 0) {
        return -1;
    }
    ssize_t length;
    do {
        length = recv(io->fd, bytes, capacity, 0);
    } while (length < 0 && errno == EINTR);
    if (length > 0) {
        io->drained = (size_t)length < capacity;
        io->budget -= (size_t)length < io->budget ? (size_t)length : io->budget;
        return length;
    }
    if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        io->drained = true;
        return -1;
    }
    /* A send that failed took the socket's error away; what follows looks like an orderly end. */
    io->reset = length < 0 || io->write_error == ECONNRESET || io->write_error == EPIPE;
    io->eof = !io->reset;
    return 0;
}

ssize_t socket_io_send(struct socket_io *io, const void *bytes, size_t length)
{
    if (io->write_error != 0) {
        errno = io->write_error;
        return -1;
    }
    ssize_t sent;
    do {
        sent = send(io->fd, bytes, length, MSG_NOSIGNAL | (io->more ? MSG_MORE : 0));
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        *io->bytes_sent += (uint64_t)sent;
        io->spoken = true;
        io->held = io->more;
        return sent;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        io->wants_write = true;
    } else {
        io->write_error = errno;
    }
    return -1;
}

void socket_io_push(struct socket_io *io)
{
    if (io->held) {
        int on = 1; /* setting it makes the kernel send, also if it is on already: tcp(7) */
        (void)setsockopt(io->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        io->held = false;
    }
}

static int bio_read(BIO *bio, char *bytes, size_t capacity, size_t *length)
{
    struct socket_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = socket_io_receive(io, bytes, capacity);
    *length = got > 0 ? (size_t)got : 0;
    if (got < 0) {
        BIO_set_retry_read(bio);
    }
    return got > 0;
}

static int bio_write(BIO *bio, const char *bytes, size_t length, size_t *written)
{
    struct socket_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = socket_io_send(io, bytes, length);
    *written = sent > 0 ? (size_t)sent : 0;
    if (sent < 0 && io->write_error == 0) {
        BIO_set_retry_write(bio);
    }
    return sent > 0;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    const struct socket_io *io = BIO_get_data(bio);
    if (command == BIO_CTRL_EOF) {
        return io->eof || io->reset;
    }
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
    BIO_METHOD *made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "eighth target socket");
    if (made != NULL && BIO_meth_set_read_ex(made, bio_read) &&
        BIO_meth_set_write_ex(made, bio_write) && BIO_meth_set_ctrl(made, bio_control) &&
        BIO_meth_set_create(made, bio_create)) {
        method = made;
        return;
    }
    BIO_meth_free(made);
}

BIO *socket_io_bio(struct socket_io *io)
{
    (void)pthread_once(&method_once, make_method);
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio != NULL) {
        BIO_set_data(bio, io);
    }
    return bio;
}
