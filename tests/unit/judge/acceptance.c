/* SPDX-License-Identifier: MIT
 *
 * Connections that should have been refused, by what the client says and by what the ledger has.
 */
#include "harness/judge/acceptance.h"

#include "harness/base/flight.h"
#include "tests/unit/judge/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make_seen(void **state)
{
    struct seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    seen_make(seen);
    seen->scenario.target.embedded.tls = true;
    seen->scenario.client.verify = true;
    *state = seen;
    return 0;
}

static int free_seen(void **state)
{
    seen_release(*state);
    free(*state);
    return 0;
}

static struct ledger_entry *accept_from(struct seen *seen, uint16_t port, enum fault_id fault)
{
    return seen_accept(seen, port, 110, fault, fault != FAULT_NONE);
}

static enum judgement open_from(struct seen *seen, uint16_t port, bool requests, bool final)
{
    struct observation observation;
    memset(&observation, 0, sizeof observation);
    observation.kind = OBSERVATION_OPENED;
    observation.operation = FLIGHT_OPEN;
    observation.local_port = port;
    observation.connect_time = 100;
    observation.connection = 3;
    observation.code = requests;
    return acceptance_take(&seen->observations, &observation, final);
}

/* The number of findings after a check of so many connections. */
static size_t check(struct seen *seen, uint64_t connections)
{
    assert_int_equal(acceptance_check(&seen->observations, connections), 0);
    return seen->observations.findings.count;
}

static void test_response_on_a_broken_connection(void **state)
{
    struct seen *seen = *state;
    struct ledger_entry *entry = accept_from(seen, 4000, FAULT_CERTIFICATE_EXPIRED);
    assert_int_equal(check(seen, 1), 0);
    entry->responses = 1;
    seen->scenario.client.verify = false; /* it was told to accept any */
    assert_int_equal(check(seen, 1), 0);
    seen->scenario.client.verify = true;
    assert_int_equal(check(seen, 1), 1);
    assert_non_null(strstr(seen->observations.findings.items[0]->title, "certificate-expired"));
}

static void test_open_with_a_bad_certificate(void **state)
{
    struct seen *seen = *state;
    assert_int_equal(open_from(seen, 4000, true, false), NOT_YET);
    struct ledger_entry *entry = accept_from(seen, 4000, FAULT_CERTIFICATE_EXPIRED);
    (void)accept_from(seen, 4001, FAULT_CERTIFICATE_EXPIRED); /* refused by the client */
    (void)accept_from(seen, 4002, FAULT_NONE);
    assert_int_equal(open_from(seen, 4000, true, false), JUDGED);
    assert_int_equal(open_from(seen, 4002, true, false), JUDGED);
    entry->responses = 1; /* it is still one connection */
    assert_int_equal(check(seen, 3), 1);
    const struct finding *finding = seen->observations.findings.items[0];
    assert_int_equal(finding->occurrences, 1);
    assert_int_equal(finding->first_connection, 1);
    assert_int_equal(seen->observations.unexplained, 1);
}

static void test_open_with_the_bad_certificate_of_all(void **state)
{
    struct seen *seen = *state;
    seen->scenario.target.embedded.certificate = CERTIFICATE_WRONG_HOST;
    (void)accept_from(seen, 4000, FAULT_NONE);
    (void)accept_from(seen, 4001, FAULT_CERTIFICATE_EXPIRED);
    seen->scenario.client.verify = false;
    assert_int_equal(open_from(seen, 4000, true, true), JUDGED);
    assert_int_equal(seen->observations.findings.count, 0);
    seen->scenario.client.verify = true;
    assert_int_equal(open_from(seen, 0, true, true), JUDGED); /* its port was not seen */
    assert_int_equal(open_from(seen, 4001, true, true), JUDGED);
    assert_int_equal(seen->observations.findings.count, 1);
    assert_int_equal(seen->observations.findings.items[0]->occurrences, 1);
    assert_non_null(strstr(seen->observations.findings.items[0]->title, "wrong-host"));
    assert_int_equal(check(seen, 2), 2);
    assert_non_null(strstr(seen->observations.findings.items[1]->title, "expired"));
}

static void test_open_without_a_protocol(void **state)
{
    struct seen *seen = *state;
    struct ledger_entry *entry = accept_from(seen, 4000, FAULT_NO_ALPN);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(open_from(seen, 4000, i != 1, true), JUDGED);
        entry->only_h2 = i > 0;
        assert_int_equal(check(seen, 1), i == 2);
    }
}

static void test_ledger_wrapped(void **state)
{
    struct seen *seen = *state;
    for (uint64_t i = 0; i < LEDGER_ENTRIES + 5; i++) {
        (void)accept_from(seen, 4000, FAULT_NONE);
    }
    assert_int_equal(acceptance_check(&seen->observations, LEDGER_ENTRIES + 5), 5);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, make_seen, free_seen)

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
