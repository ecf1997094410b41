/* SPDX-License-Identifier: MIT
 *
 * The dynamic loader's list of the system's libraries, /etc/ld.so.cache as ldconfig(8) writes it.
 */
#ifndef WATCH_LOADER_CACHE_H
#define WATCH_LOADER_CACHE_H

#include <stddef.h>

/** Zeroed it is empty and safe to release. */
struct loader_cache {
    unsigned char *bytes; /**< NULL: there is none, or none of a form that is known */
    size_t length;
};

#define LOADER_CACHE_FILE "/etc/ld.so.cache"

/** Reads the file, in the form that glibc writes since 2.32 (and accepts since 2.2). One that
 *  cannot be read, or has another form, is an empty cache. Release it. */
void loader_cache_read(struct loader_cache *cache, const char *path);

/** The next path that the cache has for the name, NULL when there is none any more. *at begins
 *  with 0. There is one for each architecture, and the caller must look which is its own; what is
 *  only for some processors (glibc-hwcaps) is left out. Valid until the cache is released. */
const char *loader_cache_next(const struct loader_cache *cache, const char *name, size_t *at);

/** Frees what it holds. */
void loader_cache_release(struct loader_cache *cache);

#endif
