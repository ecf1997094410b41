/* SPDX-License-Identifier: MIT
 *
 * The states of a connection: what each makes of an event.
 */
#include "harness/target/connection.h"

#include "harness/base/clock.h"
#include "harness/target/http1.h"
#include "harness/target/session.h"

#include <string.h>

void connection_step_discard(struct connection *connection)
{
    enum transport_result result = transport_discard(&connection->transport);
    if (result != TRANSPORT_AGAIN) {
        connection_end_by(connection, result);
    }
}

/* Without a protocol there is nothing to say: whoever speaks is shown out. */
static void step_refuse_data(struct connection *connection)
{
    size_t length;
    struct loop *loop = connection->loop;
    enum transport_result result =
        transport_read(&connection->transport, loop->in, sizeof loop->in, &length);
    if (result == TRANSPORT_OK) {
        connection_end(connection, FATE_FINISH, LEDGER_TARGET_CLOSED);
    } else if (result != TRANSPORT_AGAIN) {
        connection_end_by(connection, result);
    }
}

/* The protocol that ALPN selected: *protocol, NULL if the client offered nothing at all; its first
 * bytes then tell. False: there is none to speak. */
static bool selected_protocol(const struct connection *connection, const struct protocol **protocol)
{
    const unsigned char *name;
    unsigned length;
    *protocol = NULL;
    if (connection->behaviour != NULL && connection->behaviour->no_protocol) {
        return false;
    }
    SSL_get0_alpn_selected(connection->transport.ssl, &name, &length);
    if (length == 2 && memcmp(name, "h2", 2) == 0) {
        *protocol = &session_protocol;
    } else if (length == 8 && memcmp(name, "http/1.1", 8) == 0) {
        *protocol = &http1_protocol;
    }
    return length == 0 || *protocol != NULL;
}

/* HTTP/2 begins with "PRI * HTTP/2.0", and no method of HTTP/1.1 with these letters. NULL: too
 * short to tell. */
static const struct protocol *protocol_of(const uint8_t *bytes, size_t length)
{
    static const char preface[] = "PRI";
    size_t known = length < sizeof preface - 1 ? length : sizeof preface - 1;
    if (memcmp(bytes, preface, known) != 0) {
        return &http1_protocol;
    }
    return known == sizeof preface - 1 ? &session_protocol : NULL;
}

static void establish(struct connection *connection)
{
    connection->established = true;
    connection->step = connection_step_serve;
    if (connection->behaviour != NULL && connection->behaviour->established != NULL) {
        connection->behaviour->established(connection);
    }
}

static void open_protocol(struct connection *connection, const struct protocol *protocol)
{
    const struct behaviour *behaviour = connection->behaviour;
    connection->protocol = protocol;
    if (protocol->open(connection) != 0) {
        connection_end(connection, FATE_RESET, LEDGER_TARGET_CLOSED);
    } else if (behaviour != NULL && behaviour->opened != NULL) {
        behaviour->opened(connection);
    }
}

/* The first bytes of a client that did not say by ALPN what it speaks. 0, or -1: it broke it. */
static int take_first(struct connection *connection, const uint8_t *bytes, size_t length)
{
    uint8_t begin[sizeof connection->first + 1];
    size_t kept = connection->first_length;
    memcpy(begin, connection->first, kept);
    size_t more = sizeof begin - kept < length ? sizeof begin - kept : length;
    memcpy(begin + kept, bytes, more);
    const struct protocol *protocol = protocol_of(begin, kept + more);
    if (protocol == NULL) {
        memcpy(connection->first, begin, kept + more);
        connection->first_length = (uint8_t)(kept + more);
        return 0;
    }
    open_protocol(connection, protocol);
    if (connection->fate != FATE_LIVE || protocol->receive(connection, begin, kept + more) != 0) {
        return connection->fate != FATE_LIVE ? 0 : -1;
    }
    return more < length ? protocol->receive(connection, bytes + more, length - more) : 0;
}

static void finish_handshake(struct connection *connection)
{
    const SSL *ssl = connection->transport.ssl;
    bool resumed = SSL_session_reused(ssl);
    connection->established = true;
    connection->loop->counters->handshakes_resumed += resumed;
    connection->loop->counters->handshakes_full += !resumed;
    struct ledger_entry *entry = connection_entry(connection);
    if (entry != NULL) {
        entry->handshake = resumed ? LEDGER_RESUMED : LEDGER_FULL;
        entry->tls_version = (uint16_t)SSL_version(ssl);
    }
    const struct protocol *protocol;
    if (selected_protocol(connection, &protocol)) {
        establish(connection);
    } else {
        connection->step = step_refuse_data;
    }
    if (connection->fate == FATE_LIVE && protocol != NULL) {
        open_protocol(connection, protocol);
    }
    if (connection->fate == FATE_LIVE) {
        connection->step(connection);
    }
}

/* A fault that acts by the handshake's choices is done once the ClientHello has met them. */
static void note_hello(struct connection *connection)
{
    const struct behaviour *behaviour = connection->behaviour;
    if (behaviour == NULL || !connection->transport.choices.hello_seen) {
        return;
    }
    if (behaviour->shows_certificate || behaviour->no_protocol || behaviour->alert != 0 ||
        behaviour->hello != NULL) {
        connection_fault_done(connection);
    }
    struct ledger_entry *entry = connection_entry(connection);
    if (behaviour->no_protocol && entry != NULL) {
        entry->only_h2 = connection->transport.choices.only_h2;
    }
}

void connection_step_handshake(struct connection *connection)
{
    enum transport_result result = transport_handshake(&connection->transport);
    note_hello(connection);
    switch (result) {
    case TRANSPORT_OK:
        finish_handshake(connection);
        break;
    case TRANSPORT_AGAIN:
        break;
    case TRANSPORT_HELLO:
        connection->behaviour->hello(connection);
        break;
    default:
        if (result == TRANSPORT_BROKEN && connection->fault_done &&
            connection->behaviour->alert != 0) {
            connection_set_fate(connection, FATE_FINISH_SILENTLY);
        }
        connection_end_by(connection, result);
        break;
    }
}

void connection_flush(struct connection *connection)
{
    const struct behaviour *behaviour = connection->behaviour;
    if (connection->protocol == NULL || connection->fate != FATE_LIVE) {
        return;
    }
    if (connection->protocol->flush(connection) != 0) {
        /* After an error of the socket the client's last words may still be there to be read. */
        if (connection->transport.io.write_error == 0) {
            connection_end(connection, FATE_RESET, LEDGER_TARGET_CLOSED);
        }
        return;
    }
    if (connection->unsent != NULL) {
        return;
    }
    if (behaviour != NULL && behaviour->flushed != NULL) {
        behaviour->flushed(connection);
    }
    if (!connection->protocol->over(connection)) {
        return;
    }
    if (connection->terminated) {
        connection_end(connection, FATE_FINISH, LEDGER_PROTOCOL_ERROR);
    } else if (connection->hangs_up || connection->going_away) {
        /* Nothing is left to serve, and nghttp2 would not answer a PING any more: to stay silent on
         * an open connection would break RFC 9113, to close it is what its 6.8 has GOAWAY for. */
        connection_end(connection, FATE_FINISH, LEDGER_TARGET_CLOSED);
    } else if (connection->linger.place == 0 &&
               timers_set(&connection->loop->timers, &connection->linger,
                          clock_now() + CONNECTION_LINGER) != 0) {
        connection_end(connection, FATE_FINISH, LEDGER_TARGET_CLOSED);
    }
}

void connection_step_serve(struct connection *connection)
{
    struct loop *loop = connection->loop;
    enum transport_result result;
    size_t length;
    while ((result = transport_read(&connection->transport, loop->in, sizeof loop->in, &length)) ==
           TRANSPORT_OK) {
        if (!connection->established) {
            establish(connection);
        }
        if (connection->fate != FATE_LIVE) {
            return;
        }
        int took = connection->protocol != NULL
                       ? connection->protocol->receive(connection, loop->in, length)
                       : take_first(connection, loop->in, length);
        if (took != 0) {
            connection_end(connection, FATE_FINISH, LEDGER_PROTOCOL_ERROR);
            return;
        }
    }
    if (result == TRANSPORT_AGAIN) {
        connection_flush(connection);
    } else {
        connection_end_by(connection, result);
    }
}
