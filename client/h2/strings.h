/* SPDX-License-Identifier: MIT
 *
 * Interned strings: one copy of a method, path or header name, however many requests use it.
 */
#ifndef H2_STRINGS_H
#define H2_STRINGS_H

#include "client/h2/cache.h"

/** Never changes once made; freed with its last reference. */
struct h2_string;

/** What a cache of strings holds. */
extern const struct h2_lru_kind h2_string_kind;

/** The string equal to text, from the pool or new there. The caller owns a reference. NULL: no
 *  memory left. Counts a hit or a miss in *hit. */
struct h2_string *h2_string_intern(struct h2_cache_handle pool, const char *text, bool *hit);

/** Gives a reference back, on any thread. NULL is allowed. */
void h2_string_release(struct h2_string *string);

const char *h2_string_text(const struct h2_string *string);
size_t h2_string_length(const struct h2_string *string);

#endif
