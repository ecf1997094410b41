/* SPDX-License-Identifier: MIT
 *
 * What several defects share: a BIO that waits for the socket inside its read, as those of programs
 * with blocking sockets or with fibers do, and what the results of OpenSSL mean above it.
 */
#ifndef LAB_SOCKET_BIO_H
#define LAB_SOCKET_BIO_H

#include "client/h2/instance.h"

/** One BIO's own data; freed with the BIO. */
struct lab_socket {
    int fd;
    /** Waits until fd is readable; false: not in time. NULL: reads never wait. */
    bool (*wait)(struct lab_socket *socket);
    eighth_instance *instance;
    int timeout_ms;   /**< of one wait; -1: none */
    bool waits;       /**< reads wait, else they return at once */
    bool raises_pipe; /**< writes go through write(2) */
    uint64_t reads;
};

/** Makes the method. 0, or -1 without memory. lab_socket_end frees it; both once per process. */
int lab_socket_begin(void);
void lab_socket_end(void);

/** Replaces the BIO of a started link by a waiting one. NULL: no memory left. */
struct lab_socket *lab_socket_attach(struct h2_link *link);

/** The one that reads for the SSL object. */
struct lab_socket *lab_socket_of(SSL *ssl);

/** Whether a thread waits for the server on this instance, and so may its read. With the lock. */
bool lab_awaits(const eighth_instance *instance);

/** Waits with poll(2), holding whatever the caller holds. false: not in time. */
bool lab_socket_poll(struct lab_socket *socket);

/** What the result of an SSL_ function means, as h2_transport_ops wants it. */
enum h2_io lab_outcome(struct h2_link *link, SSL *ssl, int result, struct eighth_error *error);

#endif
