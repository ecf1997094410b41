/* SPDX-License-Identifier: MIT
 *
 * The seams of the client: every place where its behaviour can be exchanged without touching the
 * rest. An instance gets one set of tables at create and keeps it; the tables are constant. What
 * each function must do, and with which locks held, stands at its table.
 */
#ifndef H2_SEAMS_H
#define H2_SEAMS_H

#include "client/h2/buffers.h"
#include "client/h2/cache.h"
#include "client/h2/closing.h"
#include "client/h2/context.h"
#include "client/h2/counters.h"
#include "client/h2/dial.h"
#include "client/h2/options.h"
#include "client/h2/transport.h"

struct h2_seams {
    const struct h2_cache_ops *sessions;     /**< of SSL_SESSION, see sessions.h */
    const struct h2_cache_ops *names;        /**< of struct h2_name, see names.h */
    const struct h2_cache_ops *certificates; /**< of verdicts, see certificates.h */
    const struct h2_cache_ops *strings;      /**< of struct h2_string, see strings.h */
    const struct h2_buffer_ops *buffers;
    const struct h2_counter_ops *counters;
    const struct h2_context_ops *contexts;
    const struct h2_dial_ops *dial;
    const struct h2_transport_ops *tls;
    const struct h2_transport_ops *clear;
    const struct h2_closing_ops *closing;
};

/** The tables that the options ask for. */
struct h2_seams h2_seams_for(const struct h2_options *options);

#endif
