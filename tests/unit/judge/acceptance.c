/* SPDX-License-Identifier: MIT
 *
 * Connections that should have been refused, by what the client says and by what the ledger has.
 */
#include "harness/judge/acceptance.h"

#include "harness/base/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct shared_memory memory;
    struct ledger *ledger;
    struct scenario scenario;
    struct fault_rule rule;
    struct observations observations;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct failure failure = FAILURE_INIT;
    struct shared_memory none = SHARED_MEMORY_INIT;
    assert_non_null(world);
    world->memory = none;
    assert_int_equal(ledger_create(&world->memory, &failure), 0);
    world->ledger = world->memory.memory;
    world->scenario.target.embedded.faults = &world->rule;
    world->scenario.target.embedded.fault_count = 1;
    world->scenario.target.embedded.tls = true;
    world->scenario.client.verify = true;
    observations_init(&world->observations, &world->scenario);
    world->observations.ledger = world->ledger;
    world->observations.first_ordinal = 1;
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;
    observations_release(&world->observations);
    shared_memory_release(&world->memory);
    free(world);
    return 0;
}

static struct ledger_entry *accept_from(struct world *world, uint16_t port, enum fault_id fault)
{
    uint64_t ordinal;
    struct ledger_entry *entry = ledger_accept(
        world->ledger, &(struct ledger_arrival){.client_port = port, .now = 110}, &ordinal);
    entry->fault = fault;
    entry->fault_done = fault != FAULT_NONE;
    return entry;
}

static enum judgement open_from(struct world *world, uint16_t port, bool requests, bool final)
{
    struct observation observation;
    memset(&observation, 0, sizeof observation);
    observation.kind = OBSERVATION_OPENED;
    observation.operation = FLIGHT_OPEN;
    observation.local_port = port;
    observation.connect_time = 100;
    observation.connection = 3;
    observation.code = requests;
    return acceptance_take(&world->observations, &observation, final);
}

/* The number of findings after a check of so many connections. */
static size_t check(struct world *world, uint64_t connections)
{
    assert_int_equal(acceptance_check(&world->observations, connections), 0);
    return world->observations.findings.count;
}

static void test_response_on_a_broken_connection(void **state)
{
    struct world *world = *state;
    struct ledger_entry *entry = accept_from(world, 4000, FAULT_CERTIFICATE_EXPIRED);
    assert_int_equal(check(world, 1), 0);
    entry->responses = 1;
    world->scenario.client.verify = false; /* it was told to accept any */
    assert_int_equal(check(world, 1), 0);
    world->scenario.client.verify = true;
    assert_int_equal(check(world, 1), 1);
    assert_non_null(strstr(world->observations.findings.items[0]->title, "certificate-expired"));
}

static void test_open_with_a_bad_certificate(void **state)
{
    struct world *world = *state;
    assert_int_equal(open_from(world, 4000, true, false), NOT_YET);
    struct ledger_entry *entry = accept_from(world, 4000, FAULT_CERTIFICATE_EXPIRED);
    (void)accept_from(world, 4001, FAULT_CERTIFICATE_EXPIRED); /* refused by the client */
    (void)accept_from(world, 4002, FAULT_NONE);
    assert_int_equal(open_from(world, 4000, true, false), JUDGED);
    assert_int_equal(open_from(world, 4002, true, false), JUDGED);
    entry->responses = 1; /* it is still one connection */
    assert_int_equal(check(world, 3), 1);
    const struct finding *finding = world->observations.findings.items[0];
    assert_int_equal(finding->occurrences, 1);
    assert_int_equal(finding->first_connection, 1);
    assert_int_equal(world->observations.unexplained, 1);
}

static void test_open_with_the_bad_certificate_of_all(void **state)
{
    struct world *world = *state;
    world->scenario.target.embedded.certificate = CERTIFICATE_WRONG_HOST;
    (void)accept_from(world, 4000, FAULT_NONE);
    (void)accept_from(world, 4001, FAULT_CERTIFICATE_EXPIRED);
    world->scenario.client.verify = false;
    assert_int_equal(open_from(world, 4000, true, true), JUDGED);
    assert_int_equal(world->observations.findings.count, 0);
    world->scenario.client.verify = true;
    assert_int_equal(open_from(world, 0, true, true), JUDGED); /* its port was not seen */
    assert_int_equal(open_from(world, 4001, true, true), JUDGED);
    assert_int_equal(world->observations.findings.count, 1);
    assert_int_equal(world->observations.findings.items[0]->occurrences, 1);
    assert_non_null(strstr(world->observations.findings.items[0]->title, "wrong-host"));
    assert_int_equal(check(world, 2), 2);
    assert_non_null(strstr(world->observations.findings.items[1]->title, "expired"));
}

static void test_open_without_a_protocol(void **state)
{
    struct world *world = *state;
    struct ledger_entry *entry = accept_from(world, 4000, FAULT_NO_ALPN);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(open_from(world, 4000, i != 1, true), JUDGED);
        entry->only_h2 = i > 0;
        assert_int_equal(check(world, 1), i == 2);
    }
}

static void test_ledger_wrapped(void **state)
{
    struct world *world = *state;
    for (uint64_t i = 0; i < LEDGER_ENTRIES + 5; i++) {
        (void)accept_from(world, 4000, FAULT_NONE);
    }
    assert_int_equal(acceptance_check(&world->observations, LEDGER_ENTRIES + 5), 5);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(test_response_on_a_broken_connection),
        IN_A_WORLD(test_open_with_a_bad_certificate),
        IN_A_WORLD(test_open_with_the_bad_certificate_of_all),
        IN_A_WORLD(test_open_without_a_protocol),
        IN_A_WORLD(test_ledger_wrapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
