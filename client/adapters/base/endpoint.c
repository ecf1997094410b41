/* SPDX-License-Identifier: MIT
 *
 * Copies an endpoint, and what all adapters read from it in the same way.
 */
#include "client/adapters/base/endpoint.h"

#include "client/adapters/base/error.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL stays NULL. False without memory. */
static bool copy_text(char **copy, const char *text)
{
    *copy = text != NULL ? strdup(text) : NULL;
    return *copy != NULL || text == NULL;
}

int endpoint_copy(struct endpoint *endpoint, const struct eighth_endpoint *source,
                  struct eighth_error *error)
{
    *endpoint = (struct endpoint){
        .port = source->port,
        .tls_min = source->tls_min,
        .tls_max = source->tls_max,
        .tls = source->tls != 0,
        .verify = source->verify != 0,
        .session = (enum eighth_session_policy)source->session,
    };
    const char *alpn = source->alpn != NULL && source->alpn[0] != '\0' ? source->alpn : NULL;
    if (copy_text(&endpoint->host, source->host) &&
        copy_text(&endpoint->name, source->sni != NULL ? source->sni : source->host) &&
        copy_text(&endpoint->ca_file, source->ca_file) && copy_text(&endpoint->alpn, alpn)) {
        return 0;
    }
    endpoint_release(endpoint);
    return error_memory(error, EIGHTH_PHASE_NONE);
}

void endpoint_release(struct endpoint *endpoint)
{
    free(endpoint->host);
    free(endpoint->name);
    free(endpoint->ca_file);
    free(endpoint->alpn);
    memset(endpoint, 0, sizeof *endpoint);
}

bool endpoint_offers(const struct endpoint *endpoint, const char *protocol)
{
    size_t length = strlen(protocol);
    for (const char *name = endpoint->alpn; name != NULL;) {
        size_t part = strcspn(name, ",");
        if (part == length && memcmp(name, protocol, length) == 0) {
            return true;
        }
        name = name[part] == ',' ? name + part + 1 : NULL;
    }
    return false;
}

bool endpoint_name_is_literal(const struct endpoint *endpoint)
{
    struct in6_addr address;
    return inet_pton(AF_INET, endpoint->name, &address) == 1 ||
           inet_pton(AF_INET6, endpoint->name, &address) == 1;
}

void endpoint_authority(const struct endpoint *endpoint, char *text, size_t capacity)
{
    bool bracket = strchr(endpoint->name, ':') != NULL; /* an IPv6 literal */
    bool usual = endpoint->port == (endpoint->tls ? 443 : 80);
    char port[8] = "";
    if (!usual) {
        (void)snprintf(port, sizeof port, ":%u", endpoint->port);
    }
    (void)snprintf(text, capacity, "%s%s%s%s", bracket ? "[" : "", endpoint->name,
                   bracket ? "]" : "", port);
}
