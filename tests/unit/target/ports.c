/* SPDX-License-Identifier: MIT
 *
 * A target with several ports: each connection is down in the ledger with the port it came to.
 */
#include "harness/base/clock.h"
#include "harness/target/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PORTS 5U

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void test_each_connection_tells_its_port(void **state)
{
    (void)state;
    struct shared_memory shared = SHARED_MEMORY_INIT;
    struct embedded_model model = {.threads = 3, .max_streams = 100, .alpn = (char[]){"h2"}};
    struct target *target = NULL;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(ledger_create(&shared, &failure), 0);
    struct ledger *ledger = shared.memory;
    if (target_start(&target, &model, PORTS, ledger, NULL, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
    assert_int_equal(ledger->port_count, PORTS);
    assert_int_equal(ledger->port, ledger->ports[0]);
    target_begin(target, 1);
    unsigned expected[PORTS] = {0};
    for (unsigned i = 0; i < 40; i++) {
        unsigned port = i * i % PORTS;
        (void)close(connect_to(ledger->ports[port]));
        expected[port]++;
    }
    unsigned stuck = 7;
    assert_int_equal(target_quiesce(target, 20 * NS_PER_S, &stuck), 0);
    assert_int_equal(stuck, 0);
    unsigned seen[PORTS] = {0};
    for (uint64_t ordinal = 1; ordinal <= 40; ordinal++) {
        struct ledger_entry entry;
        assert_int_equal(ledger_entry_at(ledger, ordinal, &entry), 0);
        assert_true(entry.sought <= entry.accepted && entry.sought != 0);
        for (unsigned i = 0; i < PORTS; i++) {
            seen[i] += entry.target_port == ledger->ports[i];
        }
    }
    assert_memory_equal(seen, expected, sizeof seen);
    target_stop(target);
    shared_memory_release(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_connection_tells_its_port)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
