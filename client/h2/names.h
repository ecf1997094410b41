/* SPDX-License-Identifier: MIT
 *
 * Server names: what an endpoint's host and sni mean for SNI, for verification and for :authority.
 */
#ifndef H2_NAMES_H
#define H2_NAMES_H

#include "client/h2/cache.h"

/** Never changes once made; freed with its last reference. */
struct h2_name {
    bool literal;       /**< verify is an address, not a name */
    const char *send;   /**< for SNI; NULL: send none */
    const char *verify; /**< what the certificate must be for */
    char text[];        /**< where both point to */
};

/** What a cache of names holds. */
extern const struct h2_lru_kind h2_name_kind;

/** The meaning of host and sni (which may be NULL). The caller owns a reference. NULL: no memory
 *  left. *hit tells whether the cache had it. */
const struct h2_name *h2_name_of(struct h2_cache_handle cache, const char *host, const char *sni,
                                 bool *hit);

/** NULL is allowed. */
void h2_name_release(const struct h2_name *name);

/** Whether text is an IPv4 or IPv6 address. */
bool h2_name_is_literal(const char *text);

#endif
