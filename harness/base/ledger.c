/* SPDX-License-Identifier: MIT
 *
 * Ordinals, the ring of entries, and the way from a client's port to its connection.
 */
#include "harness/base/ledger.h"

#include <stddef.h>
#include <string.h>

int ledger_create(struct shared_memory *shared, struct failure *failure)
{
    if (shared_memory_create(shared, "eighth-ledger", sizeof(struct ledger), failure) != 0) {
        return -1;
    }
    struct ledger *ledger = shared->memory;
    ledger->magic = LEDGER_MAGIC;
    ledger->version = LEDGER_VERSION;
    ledger->entries = LEDGER_ENTRIES;
    ledger->size = sizeof *ledger;
    return 0;
}

struct ledger *ledger_of(const struct shared_memory *shared, struct failure *failure)
{
    struct ledger *ledger = shared->memory;
    if (ledger == NULL || shared->size < sizeof *ledger || ledger->magic != LEDGER_MAGIC ||
        ledger->version != LEDGER_VERSION || ledger->size != sizeof *ledger) {
        (void)failure_set(failure, FAILURE_INTERNAL,
                          "the shared mapping is not a target ledger of version %u",
                          LEDGER_VERSION);
        return NULL;
    }
    return ledger;
}

struct ledger_entry *ledger_accept(struct ledger *ledger, const struct ledger_arrival *arrival,
                                   uint64_t *ordinal)
{
    *ordinal = atomic_fetch_add_explicit(&ledger->next, 1, memory_order_relaxed) + 1;
    struct ledger_entry *entry = &ledger->ring[*ordinal % LEDGER_ENTRIES];
    atomic_store_explicit(&entry->published, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    size_t first = offsetof(struct ledger_entry, accepted);
    memset((char *)entry + first, 0, sizeof *entry - first);
    entry->accepted = arrival->now;
    entry->sought = arrival->sought;
    entry->client_port = arrival->client_port;
    entry->target_port = arrival->target_port;
    entry->previous = atomic_exchange_explicit(&ledger->last_by_port[arrival->client_port],
                                               *ordinal, memory_order_acq_rel);
    atomic_store_explicit(&entry->published, *ordinal, memory_order_release);
    return entry;
}

int ledger_entry_at(struct ledger *ledger, uint64_t ordinal, struct ledger_entry *entry)
{
    struct ledger_entry *slot = &ledger->ring[ordinal % LEDGER_ENTRIES];
    if (ordinal == 0 || atomic_load_explicit(&slot->published, memory_order_acquire) != ordinal) {
        return -1;
    }
    memcpy(entry, slot, sizeof *entry);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&slot->published, memory_order_relaxed) == ordinal ? 0 : -1;
}

uint64_t ledger_find(struct ledger *ledger, uint16_t client_port, uint64_t since,
                     struct ledger_entry *entry)
{
    uint64_t found = 0;
    uint64_t ordinal =
        atomic_load_explicit(&ledger->last_by_port[client_port], memory_order_acquire);
    struct ledger_entry candidate;
    while (ledger_entry_at(ledger, ordinal, &candidate) == 0 && candidate.accepted >= since) {
        found = ordinal;
        *entry = candidate;
        /* Only ever backwards: a scribbled link must not make a loop. */
        if (candidate.previous >= ordinal) {
            break;
        }
        ordinal = candidate.previous;
    }
    return found;
}

void ledger_look(struct ledger *ledger, uint64_t above, uint64_t to, uint16_t port, uint64_t begun,
                 uint64_t settled, struct ledger_visit *visit)
{
    struct ledger_entry entry;
    memset(visit, 0, sizeof *visit);
    if (to > above + LEDGER_ENTRIES) {
        visit->gone = to - above - LEDGER_ENTRIES;
        above = to - LEDGER_ENTRIES;
    }
    for (uint64_t ordinal = above + 1; ordinal <= to; ordinal++) {
        if (ledger_entry_at(ledger, ordinal, &entry) != 0) {
            visit->gone++;
        } else if (entry.target_port == port && entry.accepted >= begun &&
                   entry.sought <= settled) {
            visit->connections++;
            visit->unsure += entry.sought < begun || entry.accepted > settled;
            visit->first = visit->first == 0 ? ordinal : visit->first;
            visit->last = ordinal;
            visit->fault = entry.fault_done != 0 ? entry.fault : visit->fault;
        }
    }
}

void ledger_sum(const struct ledger *ledger, struct ledger_counters *sum)
{
    memset(sum, 0, sizeof *sum);
    sum->most_active = atomic_load_explicit(&ledger->most_active, memory_order_relaxed);
    for (uint32_t i = 0; i < LEDGER_THREADS; i++) {
        const struct ledger_counters *part = &ledger->counters[i];
        sum->accepted += part->accepted;
        sum->ended += part->ended;
        sum->handshakes_full += part->handshakes_full;
        sum->handshakes_resumed += part->handshakes_resumed;
        sum->handshakes_failed += part->handshakes_failed;
        sum->requests += part->requests;
        sum->responses += part->responses;
        sum->bytes_sent += part->bytes_sent;
        sum->protocol_errors += part->protocol_errors;
        sum->accept_errors += part->accept_errors;
        for (uint32_t f = 0; f < LEDGER_FAULTS; f++) {
            sum->faults[f] += part->faults[f];
        }
    }
}
