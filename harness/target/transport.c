/* SPDX-License-Identifier: MIT
 *
 * What each result of OpenSSL and of the socket means for a connection.
 */
#include "harness/target/transport.h"

#include "harness/target/socket_io.h"

#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes that one client may send in one turn of its thread. */
#define TURN_BUDGET ((size_t)256 * 1024)

int transport_init(struct transport *transport, int fd, SSL_CTX *context, uint64_t *bytes_sent)
{
    memset(transport, 0, sizeof *transport);
    transport->io.fd = fd;
    transport->io.bytes_sent = bytes_sent;
    transport->io.budget = TURN_BUDGET;
    if (context == NULL) {
        return 0;
    }
    transport->ssl = SSL_new(context);
    BIO *bio = transport->ssl != NULL ? socket_io_bio(&transport->io) : NULL;
    if (bio == NULL) {
        SSL_free(transport->ssl);
        transport->ssl = NULL;
        return -1;
    }
    SSL_set_bio(transport->ssl, bio, bio);
    SSL_set_app_data(transport->ssl, &transport->choices);
    SSL_set_accept_state(transport->ssl);
    return 0;
}

void transport_wake(struct transport *transport)
{
    transport->io.drained = false;
    transport->io.wants_write = false;
    transport->io.budget = TURN_BUDGET;
}

static enum transport_result socket_end(const struct socket_io *io)
{
    return io->reset ? TRANSPORT_RESET : TRANSPORT_EOF;
}

/* OpenSSL reports a fatal alert of the peer's as an error whose reason is the alert's number above
 * this offset. */
static bool error_is_alert(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
}

static enum transport_result tls_result(struct transport *transport, int returned)
{
    switch (SSL_get_error(transport->ssl, returned)) {
    case SSL_ERROR_NONE:
        return TRANSPORT_OK;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_AGAIN;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return TRANSPORT_HELLO;
    case SSL_ERROR_ZERO_RETURN:
        return TRANSPORT_CLOSED;
    default:
        break;
    }
    bool alert = error_is_alert(ERR_peek_last_error());
    ERR_clear_error();
    if (alert) {
        return TRANSPORT_ALERT;
    }
    if (transport->io.eof || transport->io.reset) {
        return socket_end(&transport->io);
    }
    return transport->io.write_error != 0 ? TRANSPORT_RESET : TRANSPORT_BROKEN;
}

enum transport_result transport_handshake(struct transport *transport)
{
    if (transport->ssl == NULL) {
        return TRANSPORT_OK;
    }
    ERR_clear_error();
    /* After the first flight: session tickets one by one, and the SETTINGS of HTTP/2 behind them.
     */
    transport->io.more = transport->io.spoken;
    enum transport_result result = tls_result(transport, SSL_do_handshake(transport->ssl));
    transport->io.more = false;
    return result;
}

void transport_push(struct transport *transport)
{
    socket_io_push(&transport->io);
}

enum transport_result transport_read(struct transport *transport, void *bytes, size_t capacity,
                                     size_t *length)
{
    *length = 0;
    if (transport->ssl != NULL) {
        ERR_clear_error();
        return tls_result(transport, SSL_read_ex(transport->ssl, bytes, capacity, length));
    }
    ssize_t got = socket_io_receive(&transport->io, bytes, capacity);
    if (got > 0) {
        *length = (size_t)got;
        return TRANSPORT_OK;
    }
    return got < 0 ? TRANSPORT_AGAIN : socket_end(&transport->io);
}

enum transport_result transport_write(struct transport *transport, const void *bytes, size_t length,
                                      size_t *written)
{
    *written = 0;
    if (transport->ssl != NULL) {
        ERR_clear_error();
        enum transport_result result =
            tls_result(transport, SSL_write_ex(transport->ssl, bytes, length, written));
        return result == TRANSPORT_OK || result == TRANSPORT_AGAIN ? result : TRANSPORT_RESET;
    }
    ssize_t sent = socket_io_send(&transport->io, bytes, length);
    if (sent > 0) {
        *written = (size_t)sent;
        return TRANSPORT_OK;
    }
    return transport->io.write_error == 0 ? TRANSPORT_AGAIN : TRANSPORT_RESET;
}

void transport_finish(struct transport *transport, bool close_notify)
{
    /* After a fatal error SSL_shutdown must not be called; OpenSSL itself refuses it during a
     * handshake. */
    if (transport->ssl != NULL && close_notify && SSL_is_init_finished(transport->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(transport->ssl);
        ERR_clear_error();
    }
    (void)shutdown(transport->io.fd, SHUT_WR);
}

enum transport_result transport_discard(struct transport *transport)
{
    char bytes[4096];
    ssize_t length;
    do {
        length = socket_io_receive(&transport->io, bytes, sizeof bytes);
    } while (length > 0);
    return length < 0 ? TRANSPORT_AGAIN : socket_end(&transport->io);
}

void transport_release(struct transport *transport, bool reset)
{
    SSL_free(transport->ssl);
    transport->ssl = NULL;
    if (transport->io.fd >= 0) {
        if (reset) {
            struct linger at_once = {.l_onoff = 1, .l_linger = 0};
            (void)setsockopt(transport->io.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        (void)close(transport->io.fd);
        transport->io.fd = -1;
    }
}
