/* SPDX-License-Identifier: MIT
 *
 * What a trial's judging sees, made by hand: a scenario with one fault rule, an empty ledger, and
 * observations that belong to both.
 */
#ifndef TESTS_SEEN_H
#define TESTS_SEEN_H

#include "harness/judge/observations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct seen {
    struct shared_memory memory;
    struct ledger *ledger; /* in memory */
    struct scenario scenario;
    struct fault_rule rule;
    struct observations observations;
};

/* Of zeroed memory; stays where it is: its parts refer to each other. */
static inline void seen_make(struct seen *seen)
{
    struct failure failure = FAILURE_INIT;
    struct shared_memory none = SHARED_MEMORY_INIT;
    seen->memory = none;
    assert_int_equal(ledger_create(&seen->memory, &failure), 0);
    seen->ledger = seen->memory.memory;
    seen->scenario.target.embedded.faults = &seen->rule;
    seen->scenario.target.embedded.fault_count = 1;
    observations_init(&seen->observations, &seen->scenario);
    seen->observations.ledger = seen->ledger;
    seen->observations.first_ordinal = 1;
}

static inline void seen_release(struct seen *seen)
{
    observations_release(&seen->observations);
    shared_memory_release(&seen->memory);
}

/* A connection from the client's port, which the target accepted at an instant. */
static inline struct ledger_entry *seen_accept(struct seen *seen, uint16_t port, uint64_t time,
                                               enum fault_id fault, bool done)
{
    uint64_t ordinal;
    struct ledger_entry *entry = ledger_accept(
        seen->ledger, &(struct ledger_arrival){.client_port = port, .now = time}, &ordinal);
    entry->fault = fault;
    entry->fault_done = done;
    return entry;
}

#endif
