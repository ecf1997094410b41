/* SPDX-License-Identifier: MIT
 *
 * HTTP/2 by nghttp2 over a link: one operation at a time, on the thread that wants it.
 */
#ifndef ADAPTERS_GNUTLS_H2_H
#define ADAPTERS_GNUTLS_H2_H

#include "client/adapters/gnutls_link.h"

#include <nghttp2/nghttp2.h>

struct h2 {
    struct gnutls_link *link;
    nghttp2_session *session; /**< NULL: not open */
    const uint8_t *unsent;    /**< nghttp2's, until the next call to it */
    size_t unsent_length;
    bool ponged;
};

/** Begins on an open link: queues SETTINGS. 0, or -1 with *error. */
int h2_begin(struct h2 *h2, struct gnutls_link *link, struct eighth_error *error);

/** As the contract's request. */
int h2_exchange(struct h2 *h2, const struct eighth_request *request,
                struct eighth_response *response, uint64_t deadline, struct eighth_error *error);

/** Sends a PING and waits for its answer. */
int h2_ping(struct h2 *h2, uint64_t deadline, struct eighth_error *error);

/** Sends GOAWAY as far as the socket takes it. */
void h2_say_goodbye(struct h2 *h2);

/** Frees what begin made; nothing if there is none. */
void h2_end(struct h2 *h2);

#endif
