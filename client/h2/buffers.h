/* SPDX-License-Identifier: MIT
 *
 * A pool of I/O buffers. A buffer is leased for as long as bytes are in it, never longer: an idle
 * connection holds none.
 */
#ifndef H2_BUFFERS_H
#define H2_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>

/** The size of each buffer: what one TLS record carries. */
#define H2_BUFFER_BYTES ((size_t)16384)

struct h2_buffers;

/** Seam: where buffers come from. A leased buffer has exactly one user until it is given back. */
struct h2_buffer_ops {
    /** true: one pool for the process, used by many threads at once. false: one for each instance,
     *  used with the instance's lock held. */
    bool process_wide;
    /** An empty pool, or NULL for want of memory. */
    struct h2_buffers *(*create)(void);
    /** H2_BUFFER_BYTES of memory with any contents, or NULL. *made tells whether it is new. */
    void *(*lease)(struct h2_buffers *pool, bool *made);
    /** Ends a lease. */
    void (*give_back)(struct h2_buffers *pool, void *buffer);
    /** The pool's only user goes idle: what is spare may be freed. */
    void (*trim)(struct h2_buffers *pool);
    /** Frees the pool and its spare buffers; none is leased any more. NULL is allowed. */
    void (*destroy)(struct h2_buffers *pool);
};

extern const struct h2_buffer_ops h2_buffers_instance;
extern const struct h2_buffer_ops h2_buffers_shared_locked;
extern const struct h2_buffer_ops h2_buffers_none;

#endif
