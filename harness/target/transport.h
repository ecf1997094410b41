/* SPDX-License-Identifier: MIT
 *
 * Bytes to and from one client, in clear text or through TLS, never blocking. A transport belongs
 * to one thread.
 *
 * The socket is read until it is empty, then waited for by level-triggered epoll: a recv(2) that
 * brought less than it was asked for ends the reading without another system call.
 */
#ifndef TARGET_TRANSPORT_H
#define TARGET_TRANSPORT_H

#include "harness/target/tls_context.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transport_result {
    TRANSPORT_OK = 0,
    TRANSPORT_AGAIN,  /**< wait for the socket (wants_write says what for) */
    TRANSPORT_HELLO,  /**< the handshake stopped at the ClientHello, as its choices asked */
    TRANSPORT_CLOSED, /**< close_notify came */
    TRANSPORT_EOF,    /**< TCP ended; in TLS without close_notify */
    TRANSPORT_RESET,  /**< TCP was reset */
    TRANSPORT_ALERT,  /**< the client sent a fatal alert */
    TRANSPORT_BROKEN  /**< the client broke TLS; an alert was sent where possible */
};

/** The socket below. Everything that OpenSSL's own words leave open is decided by it. */
struct socket_io {
    int fd;
    int write_error; /**< errno of the first send(2) that failed for good; 0: none */
    bool eof;
    bool reset;
    bool drained;     /**< the last recv(2) emptied the socket */
    bool wants_write; /**< a send(2) would have blocked */
    bool spoken;      /**< something was sent */
    bool more;        /**< more follows in this turn: the kernel may wait with a short segment */
    bool held;        /**< the last send(2) was one of those */
    size_t budget;    /**< bytes that may still be read in this turn: fairness between clients */
    uint64_t *bytes_sent; /**< a counter that each sent byte is added to */
};

struct transport {
    struct socket_io io;
    SSL *ssl;                   /**< NULL in clear text */
    struct tls_choices choices; /**< read by the handshake's callbacks */
};

/** Takes a connected, non-blocking socket. context NULL: clear text. -1 without memory. In any
 *  case transport_release closes fd. The transport must not move. */
int transport_init(struct transport *transport, int fd, SSL_CTX *context, uint64_t *bytes_sent);

/** Begins a turn: the socket may have something to read again. */
void transport_wake(struct transport *transport);

/** Goes on with the handshake: OK when it is done (at once in clear text), or any other result. */
enum transport_result transport_handshake(struct transport *transport);

/** Ends a turn: nothing that was written waits for more any longer. */
void transport_push(struct transport *transport);

/** Reads up to capacity bytes: OK with *length > 0, or any other result but HELLO. */
enum transport_result transport_read(struct transport *transport, void *bytes, size_t capacity,
                                     size_t *length);

/** Writes: OK with *written > 0, or AGAIN, or RESET. After RESET nothing can be written, but what
 *  the client had sent before can still be read. */
enum transport_result transport_write(struct transport *transport, const void *bytes, size_t length,
                                      size_t *written);

/** Sends close_notify if the connection is fit for it (without waiting for an answer), and then
 *  FIN. Reading goes on. */
void transport_finish(struct transport *transport, bool close_notify);

/** Reads and throws away raw bytes below TLS: AGAIN, EOF or RESET. */
enum transport_result transport_discard(struct transport *transport);

/** Closes the socket and frees everything; reset: by RST. */
void transport_release(struct transport *transport, bool reset);

#endif
