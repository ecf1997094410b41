/* SPDX-License-Identifier: MIT
 *
 * What becomes of a connection, and what the ledger says about it.
 */
#include "harness/target/connection.h"

#include "harness/base/clock.h"
#include "harness/target/protocol.h"
#include "harness/target/target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ledger_entry *connection_entry(struct connection *connection)
{
    uint64_t published = atomic_load_explicit(&connection->entry->published, memory_order_relaxed);
    return published == connection->ordinal ? connection->entry : NULL;
}

void connection_fault_done(struct connection *connection)
{
    if (connection->fault_done) {
        return;
    }
    connection->fault_done = true;
    connection->loop->counters->faults[connection->rule->id]++;
    struct ledger_entry *entry = connection_entry(connection);
    if (entry != NULL) {
        entry->fault_done = 1;
    }
}

void connection_count_request(struct connection *connection)
{
    connection->requests++;
    connection->loop->counters->requests++;
    struct ledger_entry *entry = connection_entry(connection);
    if (entry != NULL) {
        entry->requests = connection->requests;
    }
}

void connection_count_response(struct connection *connection)
{
    connection->responses++;
    connection->loop->counters->responses++;
    struct ledger_entry *entry = connection_entry(connection);
    if (entry != NULL) {
        entry->responses = connection->responses;
    }
}

/* ---- fates ---- */

void connection_end(struct connection *connection, enum connection_fate fate, enum ledger_end end)
{
    if (connection->fate != FATE_LIVE && connection->fate != FATE_MUTE) {
        return;
    }
    connection->fate = fate;
    struct ledger_entry *entry = connection_entry(connection);
    if (end != LEDGER_OPEN && !connection->lingering) {
        connection->loop->counters->protocol_errors += end == LEDGER_PROTOCOL_ERROR;
        if (entry != NULL) {
            entry->end = (uint8_t)end;
        }
    }
}

void connection_set_fate(struct connection *connection, enum connection_fate fate)
{
    connection_end(connection, fate, fate == FATE_MUTE ? LEDGER_OPEN : LEDGER_TARGET_CLOSED);
}

/* After close_notify its FIN is mostly there already: then nobody waits for our close_notify. */
static bool client_has_gone(struct connection *connection)
{
    transport_wake(&connection->transport);
    return transport_discard(&connection->transport) != TRANSPORT_AGAIN;
}

void connection_end_by(struct connection *connection, enum transport_result result)
{
    switch (result) {
    case TRANSPORT_CLOSED:
        connection_end(connection, client_has_gone(connection) ? FATE_CLOSE : FATE_FINISH,
                       LEDGER_CLIENT_CLOSE_NOTIFY);
        break;
    case TRANSPORT_EOF:
        connection_end(connection, FATE_CLOSE, LEDGER_CLIENT_EOF);
        break;
    case TRANSPORT_RESET:
        connection_end(connection, FATE_CLOSE, LEDGER_CLIENT_RESET);
        break;
    case TRANSPORT_ALERT:
        connection_end(connection, FATE_CLOSE, LEDGER_CLIENT_ALERT);
        break;
    default:
        connection_end(connection, FATE_FINISH_SILENTLY, LEDGER_PROTOCOL_ERROR);
        break;
    }
}

static void close_protocol(struct connection *connection)
{
    if (connection->protocol != NULL) {
        connection->protocol->close(connection);
        connection->protocol = NULL;
    }
}

static void release(struct connection *connection)
{
    struct loop *loop = connection->loop;
    if (loop->target->tls.own != NULL && !connection->established) {
        loop->counters->handshakes_failed++;
        struct ledger_entry *entry = connection_entry(connection);
        if (entry != NULL && entry->handshake == LEDGER_HANDSHAKING) {
            entry->handshake = LEDGER_HANDSHAKE_FAILED;
        }
    }
    close_protocol(connection);
    header_lines_clear(&connection->lines);
    timers_cancel(&loop->timers, &connection->linger);
    transport_release(&connection->transport, connection->fate == FATE_RESET);
    free(connection->unsent);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        loop->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    struct ledger_entry *entry = connection_entry(connection);
    if (entry != NULL) {
        entry->ended = clock_now();
    }
    loop->counters->ended++;
    free(connection);
    target_report_ended(loop->target);
}

void connection_linger_over(struct timer *timer)
{
    struct connection *connection =
        (struct connection *)((char *)timer - offsetof(struct connection, linger));
    if (connection->lingering) {
        connection->fate = FATE_CLOSE;
    } else {
        connection_end(connection, FATE_FINISH, LEDGER_TARGET_CLOSED);
    }
    connection_pump(connection);
}

/* Gives the client time to take what was sent and to close: closing at once with something unread
 * would make the kernel send RST, which may overtake our last words. */
static void linger(struct connection *connection)
{
    bool notify = connection->fate == FATE_FINISH;
    transport_finish(&connection->transport, notify);
    transport_wake(&connection->transport);
    close_protocol(connection);
    connection->fate = FATE_LIVE;
    connection->lingering = true;
    connection->step = connection_step_discard;
    if (timers_set(&connection->loop->timers, &connection->linger,
                   clock_now() + CONNECTION_LINGER) != 0) {
        connection->fate = FATE_CLOSE;
        return;
    }
    connection_step_discard(connection);
}

static void mute(struct connection *connection)
{
    connection->fate = FATE_LIVE;
    connection->step = connection_step_discard;
    connection_step_discard(connection);
}

/* The end of each turn. */
static void settle(struct connection *connection)
{
    if (connection->fate == FATE_MUTE) {
        mute(connection);
    }
    if (connection->fate == FATE_FINISH || connection->fate == FATE_FINISH_SILENTLY) {
        linger(connection);
    }
    if (connection->fate != FATE_LIVE) {
        release(connection);
        return;
    }
    transport_push(&connection->transport);
    bool writes = !connection->lingering &&
                  (connection->unsent != NULL || connection->transport.io.wants_write);
    if (writes != connection->watches_write) {
        connection->watches_write = writes;
        loop_watch_writable(connection->loop, connection, connection->transport.io.fd, writes);
    }
}

void connection_event(struct connection *connection)
{
    transport_wake(&connection->transport);
    connection->step(connection);
    settle(connection);
}

void connection_pump(struct connection *connection)
{
    connection_flush(connection);
    settle(connection);
}

void connection_abandon(struct connection *connection)
{
    connection_end(connection, FATE_CLOSE, LEDGER_TARGET_CLOSED);
    if (connection->established && !connection->lingering) {
        transport_finish(&connection->transport, true);
    }
    connection->fate = FATE_CLOSE;
    release(connection);
}
