/* SPDX-License-Identifier: MIT
 *
 * Decides how the client's own figures are counted: atomically, without order between them.
 */
#include "client/h2/counters.h"

#include "client/h2/memory.h"

#include <stdatomic.h>

struct h2_counters {
    _Atomic int64_t values[H2_COUNTERS];
};

static void atomic_add(struct h2_counters *counters, enum h2_counter which, int64_t amount)
{
    atomic_fetch_add_explicit(&counters->values[which], amount, memory_order_relaxed);
}

static int64_t atomic_read(struct h2_counters *counters, enum h2_counter which)
{
    return atomic_load_explicit(&counters->values[which], memory_order_relaxed);
}

const struct h2_counter_ops h2_counters_atomic = {atomic_add, atomic_read};

struct h2_counters *h2_counters_create(void)
{
    return h2_allocate(sizeof(struct h2_counters));
}

const char *h2_counter_name(enum h2_counter which)
{
    static const char *const names[H2_COUNTERS] = {
        [H2_OPENS] = "opens",
        [H2_OPEN_FAILURES] = "opens.failed",
        [H2_HANDSHAKES_FULL] = "handshakes.full",
        [H2_HANDSHAKES_RESUMED] = "handshakes.resumed",
        [H2_REQUESTS] = "requests",
        [H2_REQUEST_FAILURES] = "requests.failed",
        [H2_BYTES_SENT] = "bytes.sent",
        [H2_BYTES_RECEIVED] = "bytes.received",
        [H2_CONTEXTS_MADE] = "ssl_ctx.made",
        [H2_BUFFERS_IN_USE] = "buffers.in_use",
        [H2_BUFFERS_MADE] = "buffers.made",
        [H2_SESSION_HITS] = "sessions.hits",
        [H2_SESSION_MISSES] = "sessions.misses",
        [H2_NAME_HITS] = "names.hits",
        [H2_NAME_MISSES] = "names.misses",
        [H2_CERTIFICATE_HITS] = "certificates.hits",
        [H2_CERTIFICATE_MISSES] = "certificates.misses",
        [H2_STRING_HITS] = "strings.hits",
        [H2_STRING_MISSES] = "strings.misses",
    };
    return names[which];
}
