/* SPDX-License-Identifier: MIT
 *
 * Decides which tables each option stands for.
 */
#include "client/h2/seams.h"

struct h2_seams h2_seams_for(const struct h2_options *options)
{
    static const struct h2_cache_ops *const caches[] = {
        [H2_CACHE_INSTANCE] = &h2_cache_instance,
        [H2_CACHE_SHARED_LOCKED] = &h2_cache_shared_locked,
        [H2_CACHE_NONE] = &h2_cache_none,
    };
    static const struct h2_buffer_ops *const buffers[] = {
        [H2_CACHE_INSTANCE] = &h2_buffers_instance,
        [H2_CACHE_SHARED_LOCKED] = &h2_buffers_shared_locked,
        [H2_CACHE_NONE] = &h2_buffers_none,
    };
    const struct h2_cache_ops *cache = caches[options->cache];
    return (struct h2_seams){
        .sessions = cache,
        .names = cache,
        .certificates = cache,
        .strings = cache,
        .buffers = buffers[options->cache],
        .counters = &h2_counters_atomic,
        .contexts = options->context_of_instance ? &h2_contexts_instance : &h2_contexts_shared,
        .dial = &h2_dial_direct,
        .tls = &h2_transport_tls,
        .clear = &h2_transport_clear,
        .closing = &h2_closing_orderly,
    };
}
