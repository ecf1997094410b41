/* SPDX-License-Identifier: MIT
 *
 * What the client counts about itself, told by stats().
 */
#ifndef H2_COUNTERS_H
#define H2_COUNTERS_H

#include <stdint.h>

enum h2_counter {
    H2_OPENS,           /**< opens that succeeded */
    H2_OPEN_FAILURES,   /**< opens that failed, cancelled ones included */
    H2_HANDSHAKES_FULL, /**< TLS only */
    H2_HANDSHAKES_RESUMED,
    H2_REQUESTS, /**< responses received to their end */
    H2_REQUEST_FAILURES,
    H2_BYTES_SENT, /**< of HTTP/2, before encryption */
    H2_BYTES_RECEIVED,
    H2_CONTEXTS_MADE,  /**< SSL_CTX objects, each with a CA file read */
    H2_BUFFERS_IN_USE, /**< goes up and down */
    H2_BUFFERS_MADE,
    H2_SESSION_HITS,
    H2_SESSION_MISSES,
    H2_NAME_HITS,
    H2_NAME_MISSES,
    H2_CERTIFICATE_HITS,
    H2_CERTIFICATE_MISSES,
    H2_STRING_HITS,
    H2_STRING_MISSES,
    H2_COUNTERS
};

/** The counters of a process, or of one instance. */
struct h2_counters;

/** Seam: how counts are kept. Both functions are called by many threads at once, with or without
 *  locks held. */
struct h2_counter_ops {
    void (*add)(struct h2_counters *counters, enum h2_counter which, int64_t amount);
    int64_t (*read)(struct h2_counters *counters, enum h2_counter which);
};

/** Atomic additions: no count is ever lost. */
extern const struct h2_counter_ops h2_counters_atomic;

/** Counters at zero, or NULL. h2_release frees them. */
struct h2_counters *h2_counters_create(void);

/** The name that stats() tells, such as "sessions.hits". */
const char *h2_counter_name(enum h2_counter which);

#endif
