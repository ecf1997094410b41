/* SPDX-License-Identifier: MIT
 *
 * The one door to the heap: every allocation of this client, and of nghttp2 on its behalf, goes
 * through the functions that set_allocator chose. OpenSSL keeps its own allocator, which belongs
 * to the process.
 */
#ifndef H2_MEMORY_H
#define H2_MEMORY_H

#include "client/eighth_client.h"

#include <nghttp2/nghttp2.h>

/** Chooses the functions; NULL chooses malloc(3) and its kin. Before init, while nothing runs. */
void h2_memory_choose(const struct eighth_allocator *allocator);

/** Zeroed memory, or NULL. Any thread, like the other functions here. */
void *h2_allocate(size_t bytes);

/** Memory whose contents do not matter, or NULL. */
void *h2_allocate_raw(size_t bytes);

/** NULL is allowed. */
void h2_release(void *memory);

/** A copy of text that h2_release frees; NULL if text is NULL or no memory is left. */
char *h2_copy_text(const char *text);

/** Gives back to the kernel what is kept for the next connection. Any thread. */
void h2_memory_trim(void);

/** The same door in the shape that nghttp2 wants. Static: valid for ever. */
nghttp2_mem *h2_memory_for_nghttp2(void);

#endif
