/* SPDX-License-Identifier: MIT
 *
 * From a host name to its addresses, without a thread of its own and without waiting longer than
 * the caller wants: by c-ares, which leaves all waiting to h2_instance_sleep.
 */
#ifndef H2_RESOLVE_H
#define H2_RESOLVE_H

#include "client/eighth_client.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct h2_address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/** In the order in which they should be tried: IPv6 before IPv4, else as they came. */
struct h2_addresses {
    struct h2_address *list;
    unsigned count;
};

/** Finds the addresses of the instance's endpoint, at least one, before the deadline. An address
 *  literal is one, and never waits; a name is looked up as /etc/nsswitch.conf orders it, in
 *  /etc/hosts and by DNS (other services are not asked); *duration is for a name only. Called with
 *  the instance's lock, which it gives up while it waits; h2_resolve_wake ends the waiting. 0, or
 *  -1 with *error and nothing found. */
int h2_resolve(eighth_instance *instance, uint64_t deadline, struct h2_addresses *found,
               uint64_t *duration, struct eighth_error *error);

/** Wakes the thread in h2_resolve, after instance->cancelled became true. With the lock; allowed
 *  when there is none. */
void h2_resolve_wake(eighth_instance *instance);

/** Frees the list; it is empty afterwards. */
void h2_addresses_release(struct h2_addresses *addresses);

#endif
