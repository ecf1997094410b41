/* SPDX-License-Identifier: MIT
 *
 * Asks the resolver, as the client will; one address that is not loopback is enough to refuse.
 */
#include "harness/watch/remote.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof four);
        return (ntohl(four.sin_addr.s_addr) >> 24) == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof six);
        return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) && six.sin6_addr.s6_addr[12] == 127);
    }
    return false;
}

/* A server's word for "all of my addresses". Linux connects to this machine by it, but that is no
 * meaning it has elsewhere. */
static bool is_unspecified(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof four);
        return four.sin_addr.s_addr == htonl(INADDR_ANY);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof six);
        return IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
    }
    return false;
}

int remote_check(const struct scenario *scenario, const char *const *allowed, size_t allowed_count,
                 struct failure *failure)
{
    if (scenario->target.kind == TARGET_EMBEDDED) {
        return 0;
    }
    const char *host = scenario->target.host;
    for (size_t i = 0; i < allowed_count; i++) {
        if (strcasecmp(allowed[i], host) == 0) {
            return 0;
        }
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "cannot resolve the target's host %s: %s",
                           host, gai_strerror(error));
    }
    bool loopback = true;
    bool unspecified = false;
    for (const struct addrinfo *each = found; each != NULL; each = each->ai_next) {
        loopback = loopback && is_loopback(each->ai_addr);
        unspecified = unspecified || is_unspecified(each->ai_addr);
    }
    freeaddrinfo(found);
    if (unspecified) {
        return failure_set(failure, FAILURE_USAGE,
                           "scenario %s sends its load to %s, which a server can listen at but "
                           "nobody can connect to: say %s for this machine",
                           scenario->name, host, strchr(host, ':') != NULL ? "::1" : "127.0.0.1");
    }
    if (!loopback) {
        return failure_set(failure, FAILURE_USAGE,
                           "scenario %s sends its load to %s, which is not this machine: say "
                           "--allow-remote %s if its owner agrees",
                           scenario->name, host, host);
    }
    return 0;
}
