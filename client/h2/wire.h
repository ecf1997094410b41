/* SPDX-License-Identifier: MIT
 *
 * The socket as OpenSSL and HTTP/2 see it: non-blocking send and recv that never raise SIGPIPE.
 */
#ifndef H2_WIRE_H
#define H2_WIRE_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>

/** A connected socket and what its last operations said. Used by one thread at a time. */
struct h2_wire {
    int fd; /**< -1: none */
    /** The last receive took all there was: the next one says so without asking the kernel, until
     *  poll(2) has told that there is more (h2_wire_readable). */
    bool drained;
    bool more;  /**< more follows at once: the kernel may wait with a short segment */
    bool held;  /**< the last send was one of those: the kernel may still have it */
    bool ended; /**< the peer sent FIN */
    int error;  /**< errno of the last operation that failed; 0: none did */
};

#define H2_WIRE_INIT                      \
    {                                     \
        -1, false, false, false, false, 0 \
    }

/** Both return the bytes moved, 0 at the end of the stream (receive only), or -1 with wire->error
 *  set: EAGAIN when it would block. */
ssize_t h2_wire_receive(struct h2_wire *wire, void *bytes, size_t capacity);
ssize_t h2_wire_send(struct h2_wire *wire, const void *bytes, size_t length);

/** What follows does not follow at once after all: sends what the kernel has waited with. */
void h2_wire_push(struct h2_wire *wire);

/** Nothing more will be sent: FIN, in the segment of what the kernel has waited with. */
void h2_wire_end(struct h2_wire *wire);

/** Throws away what has arrived, up to a bound, so that close(2) sends FIN and not RST: a socket
 *  closed with unread input destroys what the peer has not read yet. */
void h2_wire_drain(struct h2_wire *wire);

/** The kind of BIO that works on a wire, for BIO_new; its data (BIO_set_data) is the wire, which
 *  it does not own. NULL: no memory left. BIO_meth_free frees it. */
BIO_METHOD *h2_wire_bio_method(void);

static inline void h2_wire_readable(struct h2_wire *wire)
{
    wire->drained = false;
}

#endif
