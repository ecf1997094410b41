/* SPDX-License-Identifier: MIT
 *
 * The client's own copy of an endpoint, checked.
 */
#ifndef H2_ENDPOINT_H
#define H2_ENDPOINT_H

#include "client/eighth_client.h"

#include <stdbool.h>

/** Never changes once made. */
struct h2_endpoint {
    char *host;
    char *sni;       /**< NULL: host */
    char *ca_file;   /**< NULL: the system's roots */
    char *alpn;      /**< length-prefixed names, as on the wire; NULL: none */
    char *authority; /**< for ":authority" */
    char *identity;  /**< equal only for endpoints that may share TLS sessions */
    unsigned alpn_length;
    uint16_t port;
    uint16_t tls_min; /**< 0: default */
    uint16_t tls_max; /**< 0: default */
    bool tls;
    bool verify;
    enum eighth_session_policy session;
};

/** Copies. Fails with EIGHTH_UNSUPPORTED for values that make no sense, EIGHTH_INTERNAL without
 *  memory; the endpoint may then be released too. */
int h2_endpoint_copy(struct h2_endpoint *endpoint, const struct eighth_endpoint *source,
                     struct eighth_error *error);

/** Frees the contents. A zeroed endpoint is allowed. */
void h2_endpoint_release(struct h2_endpoint *endpoint);

/** Whether the protocol stands in the endpoint's ALPN list. */
bool h2_endpoint_offers(const struct h2_endpoint *endpoint, const unsigned char *protocol,
                        unsigned length);

#endif
