/* SPDX-License-Identifier: MIT
 *
 * The beginning of a connection: its ordinal, its entry, its fault.
 */
#include "harness/target/connection.h"

#include "harness/base/clock.h"
#include "harness/target/target.h"

#include <stdlib.h>
#include <unistd.h>

static void choose_fault(struct connection *connection)
{
    const struct target *target = connection->loop->target;
    const struct embedded_model *model = target->model;
    uint64_t base = atomic_load_explicit(&target->base, memory_order_acquire);
    uint64_t seed = atomic_load_explicit(&target->seed, memory_order_relaxed);
    const struct fault_rule *rule =
        fault_choose(model->faults, model->fault_count, seed, connection->ordinal - base, false);
    if (rule == NULL || (fault_kind_of(rule->id)->tls_only && !model->tls)) {
        return;
    }
    connection->rule = rule;
    connection->behaviour = behaviour_of(rule->id);
    connection->entry->fault = rule->id;
}

static SSL_CTX *context_of(const struct connection *connection)
{
    const struct tls_contexts *tls = &connection->loop->target->tls;
    const struct behaviour *behaviour = connection->behaviour;
    return behaviour != NULL && behaviour->shows_certificate && tls->own != NULL
               ? tls->faulty[behaviour->certificate]
               : tls->own;
}

static void begin(struct connection *connection)
{
    const struct behaviour *behaviour = connection->behaviour;
    if (behaviour != NULL && behaviour->silent) {
        connection_fault_done(connection);
        connection->step = connection_step_discard;
        return;
    }
    if (connection->transport.ssl == NULL) {
        connection->step = connection_step_serve;
        return;
    }
    connection->step = connection_step_handshake;
    connection->entry->handshake = LEDGER_HANDSHAKING;
    if (behaviour != NULL) {
        connection->transport.choices.no_protocol = behaviour->no_protocol;
        connection->transport.choices.stop_at_hello = behaviour->hello != NULL;
        connection->transport.choices.alert_at_hello = behaviour->alert;
    }
}

static void count_lost(struct loop *loop, struct ledger_entry *entry)
{
    entry->end = LEDGER_TARGET_CLOSED;
    entry->ended = clock_now();
    loop->counters->accept_errors++;
    loop->counters->ended++;
    loop->counters->handshakes_failed += loop->target->tls.own != NULL;
    target_report_ended(loop->target);
}

static void count_active(struct target *target)
{
    uint64_t active = atomic_fetch_add_explicit(&target->active, 1, memory_order_relaxed) + 1;
    _Atomic uint64_t *most = &target->ledger->most_active;
    uint64_t seen = atomic_load_explicit(most, memory_order_relaxed);
    while (seen < active && !atomic_compare_exchange_weak_explicit(
                                most, &seen, active, memory_order_relaxed, memory_order_relaxed)) {
    }
}

void connection_accept(struct loop *loop, int fd, const struct ledger_arrival *arrival)
{
    uint64_t ordinal;
    struct ledger_entry *entry = ledger_accept(loop->target->ledger, arrival, &ordinal);
    loop->counters->accepted++;
    count_active(loop->target);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        (void)close(fd);
        count_lost(loop, entry);
        return;
    }
    connection->loop = loop;
    connection->entry = entry;
    connection->ordinal = ordinal;
    connection->linger.fire = connection_linger_over;
    choose_fault(connection);
    if (transport_init(&connection->transport, fd, context_of(connection),
                       &loop->counters->bytes_sent) != 0 ||
        loop_watch(loop, connection, fd) != 0) {
        transport_release(&connection->transport, true);
        free(connection);
        count_lost(loop, entry);
        return;
    }
    connection->next = loop->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    loop->connections = connection;
    begin(connection);
    /* The client's first bytes are often there already. */
    connection_event(connection);
}
