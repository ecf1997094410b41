/* SPDX-License-Identifier: MIT
 *
 * What HTTP/2 runs over: TLS or clear text, on one socket.
 */
#ifndef H2_TRANSPORT_H
#define H2_TRANSPORT_H

#include "client/eighth_client.h"
#include "client/h2/wire.h"

#include <openssl/ssl.h>

/** One connection's transport. Guarded by the instance's lock; the one thing done without it is
 *  poll(2) on the descriptor. */
struct h2_link {
    eighth_instance *instance;
    struct h2_wire wire;
    SSL *ssl;                   /**< NULL in clear text, and before start */
    const SSL_SESSION *offered; /**< for comparison only: ssl owns it; NULL: none was offered */
    bool broken; /**< TLS failed for good: OpenSSL allows nothing more but to free it */
};

enum h2_io {
    H2_IO_DONE,
    H2_IO_WANT_READ,  /**< nothing now: again when the socket is readable */
    H2_IO_WANT_WRITE, /**< nothing now: again when the socket is writable */
    H2_IO_END,        /**< the peer said that it sends no more */
    H2_IO_FAILED      /**< *error says why */
};

/** Seam: how bytes travel. Every function is called with the instance's lock, so that no two
 *  threads are ever inside one SSL object, and none of them blocks. */
struct h2_transport_ops {
    /** Prepares a connected link. 0, or -1 with *error. */
    int (*start)(struct h2_link *link, struct eighth_error *error);
    /** Takes the handshake as far as it goes; checks what was negotiated. */
    enum h2_io (*handshake)(struct h2_link *link, struct eighth_error *error);
    /** H2_IO_DONE: *moved bytes, at least 1. */
    enum h2_io (*read)(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                       struct eighth_error *error);
    /** H2_IO_DONE: *moved bytes were taken, at least 1. After H2_IO_WANT_WRITE the next call must
     *  begin with the same bytes. */
    enum h2_io (*write)(struct h2_link *link, const void *bytes, size_t length, size_t *moved,
                        struct eighth_error *error);
    /** Tells the peer that nothing more will be sent. */
    enum h2_io (*goodbye)(struct h2_link *link, struct eighth_error *error);
    /** Frees what start made, but not the descriptor. Allowed at any time, also twice. */
    void (*release)(struct h2_link *link);
};

extern const struct h2_transport_ops h2_transport_tls;
extern const struct h2_transport_ops h2_transport_clear;

#endif
