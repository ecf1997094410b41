/* SPDX-License-Identifier: MIT
 *
 * An adapter's own copy of an endpoint: eighth's is gone when create returns.
 */
#ifndef ADAPTERS_ENDPOINT_H
#define ADAPTERS_ENDPOINT_H

#include "client/eighth_client.h"

#include <stdbool.h>

struct endpoint {
    char *host;
    char *name;    /**< to send and to verify: sni, else host */
    char *ca_file; /**< NULL: the system's roots */
    char *alpn;    /**< as given: "h2,http/1.1"; NULL: none */
    uint16_t port;
    uint16_t tls_min; /**< 0: default */
    uint16_t tls_max; /**< 0: default */
    bool tls;
    bool verify;
    enum eighth_session_policy session;
};

/** Copies. Without memory it fails with EIGHTH_INTERNAL; *endpoint is then empty. */
int endpoint_copy(struct endpoint *endpoint, const struct eighth_endpoint *source,
                  struct eighth_error *error);

/** Frees the contents; a zeroed endpoint is allowed. */
void endpoint_release(struct endpoint *endpoint);

/** Whether the protocol stands in the endpoint's ALPN list. */
bool endpoint_offers(const struct endpoint *endpoint, const char *protocol);

/** Whether the name is an address literal, which is neither sent as SNI nor looked up. */
bool endpoint_name_is_literal(const struct endpoint *endpoint);

/** Writes "name:port" for Host and :authority, with brackets and without a default port. */
void endpoint_authority(const struct endpoint *endpoint, char *text, size_t capacity);

#endif
