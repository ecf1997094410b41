/* SPDX-License-Identifier: MIT
 *
 * One connection's TLS by GnuTLS, with deadlines.
 */
#ifndef ADAPTERS_GNUTLS_LINK_H
#define ADAPTERS_GNUTLS_LINK_H

#include "client/adapters/base/endpoint.h"

#include <gnutls/gnutls.h>
#include <sys/types.h>

struct gnutls_link {
    const struct endpoint *endpoint;
    gnutls_certificate_credentials_t credentials; /**< the roots; NULL in clear text */
    gnutls_session_t session;                     /**< NULL: in clear text, or not open */
    int fd;                                       /**< -1: not open */
};

/** Loads the roots. 0, or -1 with *error; release it in any case. */
int gnutls_link_init(struct gnutls_link *link, const struct endpoint *endpoint,
                     struct eighth_error *error);

/** Connects and shakes hands. 0, or -1 with *error; it is closed then. */
int gnutls_link_open(struct gnutls_link *link, uint64_t deadline,
                     struct eighth_connection *connection, struct eighth_error *error);

/** Bytes sent or received at once; 0: the socket is full, there is nothing to read; -1 with *error,
 *  whose phase is `phase`. The end of the connection is EIGHTH_RESET. */
ssize_t gnutls_link_send(struct gnutls_link *link, const void *bytes, size_t length,
                         enum eighth_phase phase, struct eighth_error *error);
ssize_t gnutls_link_receive(struct gnutls_link *link, void *bytes, size_t capacity,
                            enum eighth_phase phase, struct eighth_error *error);

/** Closes; with close_notify unless abrupt. Nothing if it is not open. */
void gnutls_link_close(struct gnutls_link *link, bool abrupt);

void gnutls_link_release(struct gnutls_link *link);

#endif
