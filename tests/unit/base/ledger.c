/* SPDX-License-Identifier: MIT
 *
 * The ledger numbers every connection once and finds it again by the client's port.
 */
#include "harness/base/ledger.h"
#include "harness/base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct shared_memory shared = SHARED_MEMORY_INIT;
static struct ledger *ledger;

static int set_up(void **state)
{
    (void)state;
    struct failure failure;
    if (ledger_create(&shared, &failure) != 0) {
        return -1;
    }
    ledger = ledger_of(&shared, &failure);
    return ledger != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    shared_memory_release(&shared);
    return 0;
}

static struct ledger_entry *arrive(struct ledger *to, uint16_t port, uint64_t now,
                                   uint64_t *ordinal)
{
    struct ledger_arrival arrival = {
        .client_port = port, .target_port = 8443, .sought = now - 1, .now = now};
    return ledger_accept(to, &arrival, ordinal);
}

static void test_finds_the_first_accept_after_the_connect(void **state)
{
    (void)state;
    uint64_t ordinal;
    /* The same port three times: reused after each close. */
    struct ledger_entry *first = arrive(ledger, 4711, 100, &ordinal);
    first->fault = 1;
    assert_int_equal(ordinal, 1);
    struct ledger_entry *second = arrive(ledger, 4711, 200, &ordinal);
    second->fault = 2;
    (void)arrive(ledger, 4712, 250, &ordinal);
    struct ledger_entry *third = arrive(ledger, 4711, 300, &ordinal);
    third->fault = 3;

    struct ledger_entry entry;
    assert_int_equal(ledger_find(ledger, 4711, 50, &entry), 1);
    assert_int_equal(entry.fault, 1);
    assert_int_equal(entry.target_port, 8443);
    assert_int_equal(entry.sought, 99);
    assert_int_equal(ledger_find(ledger, 4711, 150, &entry), 2);
    assert_int_equal(entry.fault, 2);
    assert_int_equal(ledger_find(ledger, 4711, 201, &entry), 4);
    assert_int_equal(entry.fault, 3);
    assert_int_equal(ledger_find(ledger, 4711, 301, &entry), 0);
    assert_int_equal(ledger_find(ledger, 4713, 0, &entry), 0);
}

static void test_overwritten_entries_are_gone(void **state)
{
    (void)state;
    uint64_t ordinal;
    for (uint64_t i = 1; i <= LEDGER_ENTRIES + 10; i++) {
        (void)arrive(ledger, (uint16_t)(1 + i % 60000), i, &ordinal);
    }
    struct ledger_entry entry;
    assert_int_equal(ledger_entry_at(ledger, 10, &entry), -1);
    assert_int_equal(ledger_entry_at(ledger, 11, &entry), 0);
    assert_int_equal(entry.accepted, 11);
    assert_int_equal(ledger_entry_at(ledger, LEDGER_ENTRIES + 11, &entry), -1);
    assert_int_equal(ledger_entry_at(ledger, 0, &entry), -1);
}

static void test_a_scribbled_link_makes_no_loop(void **state)
{
    (void)state;
    uint64_t ordinal;
    struct ledger_entry *entry = arrive(ledger, 99, 1, &ordinal);
    entry->previous = ordinal;
    struct ledger_entry found;
    assert_int_equal(ledger_find(ledger, 99, 0, &found), ordinal);
}

static void visit_of(uint64_t begun, uint64_t settled, struct ledger_visit *visit)
{
    ledger_look(ledger, 0, atomic_load(&ledger->next), 8443, begun, settled, visit);
}

/* Two processes, one after the other, at one port of the target. */
static void test_visits_of_a_port(void **state)
{
    (void)state;
    uint64_t ordinal;
    struct ledger_visit visit;
    (void)arrive(ledger, 1, 100, &ordinal);
    arrive(ledger, 2, 150, &ordinal)->fault = 5; /* planned, not carried out */
    struct ledger_arrival elsewhere = {
        .client_port = 3, .target_port = 9000, .sought = 150, .now = 151};
    (void)ledger_accept(ledger, &elsewhere, &ordinal);
    struct ledger_entry *later = arrive(ledger, 4, 300, &ordinal);
    later->fault = 7;
    later->fault_done = 1;
    visit_of(90, 200, &visit);
    assert_int_equal(visit.connections, 2);
    assert_int_equal(visit.unsure, 0);
    assert_int_equal(visit.fault, 0);
    assert_int_equal(visit.first, 1);
    assert_int_equal(visit.last, 2);
    visit_of(210, 400, &visit);
    assert_int_equal(visit.connections, 1);
    assert_int_equal(visit.fault, 7);
    assert_int_equal(visit.first, 4);
    /* Sought at 299 and accepted at 300: between them one process ended and the next began. */
    visit_of(90, 299, &visit);
    assert_int_equal(visit.connections, 3);
    assert_int_equal(visit.unsure, 1);
    visit_of(300, 400, &visit);
    assert_int_equal(visit.connections, 1);
    assert_int_equal(visit.unsure, 1);
    visit_of(500, 600, &visit);
    assert_int_equal(visit.connections, 0);
    assert_int_equal(visit.last, 0);
}

enum { ACCEPTORS = 4, ACCEPTS = 20000 };

static void *acceptor(void *argument)
{
    struct ledger_counters *counters = argument;
    for (uint16_t i = 0; i < ACCEPTS; i++) {
        uint64_t ordinal;
        (void)arrive(ledger, (uint16_t)(i % 1000), clock_now(), &ordinal);
        counters->accepted++;
    }
    return NULL;
}

static void test_no_ordinal_is_given_twice(void **state)
{
    (void)state;
    pthread_t threads[ACCEPTORS];
    for (int i = 0; i < ACCEPTORS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, acceptor, &ledger->counters[i]), 0);
    }
    for (int i = 0; i < ACCEPTORS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct ledger_counters sum;
    ledger_sum(ledger, &sum);
    assert_int_equal(sum.accepted, ACCEPTORS * ACCEPTS);
    assert_int_equal(ledger->next, ACCEPTORS * ACCEPTS);
    for (uint64_t ordinal = 1; ordinal <= ACCEPTORS * ACCEPTS; ordinal++) {
        struct ledger_entry entry;
        assert_int_equal(ledger_entry_at(ledger, ordinal, &entry), 0);
    }
}

static void test_a_foreign_mapping_is_refused(void **state)
{
    (void)state;
    ledger->version++;
    struct failure failure = FAILURE_INIT;
    assert_null(ledger_of(&shared, &failure));
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
}

#define ledger_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_finds_the_first_accept_after_the_connect),
        ledger_test(test_overwritten_entries_are_gone),
        ledger_test(test_visits_of_a_port),
        ledger_test(test_a_scribbled_link_makes_no_loop),
        ledger_test(test_no_ordinal_is_given_twice),
        ledger_test(test_a_foreign_mapping_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
