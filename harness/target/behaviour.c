/* SPDX-License-Identifier: MIT
 *
 * The behaviours, one after another, and their table.
 */
#include "harness/target/behaviour.h"

#include "harness/target/connection.h"
#include "harness/target/protocol.h"
#include "harness/target/stream.h"

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

/* ---- handshake ---- */

static void mute_now(struct connection *connection)
{
    connection_set_fate(connection, FATE_MUTE);
}

static void reset_now(struct connection *connection)
{
    connection_fault_done(connection);
    connection_set_fate(connection, FATE_RESET);
}

/* ---- the connection's end ---- */

static void close_after_response(struct connection *connection)
{
    if (connection->responses > 0) {
        connection_fault_done(connection);
        connection_set_fate(connection, FATE_FINISH_SILENTLY);
    }
}

static void go_away_at_once(struct connection *connection)
{
    if (connection->rule->after == 0) {
        connection_fault_done(connection);
        connection->protocol->go_away(connection, 0, connection->rule->code);
    }
}

static bool go_away_with_request(struct connection *connection, struct stream *stream)
{
    if (connection->requests == connection->rule->after) {
        connection_fault_done(connection);
        connection->protocol->go_away(connection, stream->id, connection->rule->code);
    }
    return connection->requests > connection->rule->after;
}

/* ---- streams ---- */

static bool reset_stream(struct connection *connection, struct stream *stream)
{
    if (connection->requests <= connection->rule->after) {
        return false;
    }
    connection_fault_done(connection);
    connection->protocol->reset_stream(connection, stream->id, connection->rule->code);
    return true;
}

static bool delay_body(struct connection *connection, struct stream *stream)
{
    connection_fault_done(connection);
    stream->plan.delay_ns = connection->rule->delay_ns;
    return false;
}

static bool drip_body(struct connection *connection, struct stream *stream)
{
    connection_fault_done(connection);
    stream->plan.piece = 1;
    stream->plan.interval_ns = connection->rule->delay_ns;
    return false;
}

static bool truncate_body(struct connection *connection, struct stream *stream)
{
    struct response_plan *plan = &stream->plan;
    connection_fault_done(connection);
    if (plan->bodiless) {
        connection->protocol->reset_stream(connection, stream->id, NGHTTP2_INTERNAL_ERROR);
        return true;
    }
    plan->truncated = true;
    if (plan->length > 1) {
        plan->length /= 2;
    } else {
        plan->announced = plan->length + 1;
    }
    return false;
}

static const struct behaviour behaviours[] = {
    {.id = FAULT_NEVER_ANSWER, .silent = true},
    {.id = FAULT_STALL_HANDSHAKE, .hello = mute_now},
    {.id = FAULT_RESET_HANDSHAKE, .hello = reset_now},
    {.id = FAULT_FATAL_ALERT, .alert = SSL_AD_HANDSHAKE_FAILURE},
    {.id = FAULT_CERTIFICATE_EXPIRED,
     .shows_certificate = true,
     .certificate = CERTIFICATE_EXPIRED},
    {.id = FAULT_CERTIFICATE_WRONG_HOST,
     .shows_certificate = true,
     .certificate = CERTIFICATE_WRONG_HOST},
    {.id = FAULT_CERTIFICATE_UNKNOWN_CA,
     .shows_certificate = true,
     .certificate = CERTIFICATE_UNKNOWN_CA},
    {.id = FAULT_NO_ALPN, .no_protocol = true},
    {.id = FAULT_NO_CLOSE_NOTIFY, .flushed = close_after_response},
    {.id = FAULT_RESET_AFTER_HANDSHAKE, .established = reset_now},
    {.id = FAULT_GOAWAY, .opened = go_away_at_once, .request = go_away_with_request},
    {.id = FAULT_RST_STREAM, .request = reset_stream},
    {.id = FAULT_DELAYED_BODY, .response = delay_body},
    {.id = FAULT_DRIPPED_BODY, .response = drip_body},
    {.id = FAULT_TRUNCATED_BODY, .response = truncate_body},
};

#define BEHAVIOURS (sizeof behaviours / sizeof behaviours[0])

const struct behaviour *behaviour_of(enum fault_id id)
{
    for (size_t i = 0; i < BEHAVIOURS; i++) {
        if (behaviours[i].id == id) {
            return &behaviours[i];
        }
    }
    return NULL;
}

unsigned behaviour_certificates(const struct fault_rule *rules, size_t count)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < count; i++) {
        const struct behaviour *behaviour = behaviour_of(rules[i].id);
        if (behaviour != NULL && behaviour->shows_certificate) {
            kinds |= 1U << behaviour->certificate;
        }
    }
    return kinds;
}
