/* SPDX-License-Identifier: MIT
 *
 * What an operation did wrong is observed, exactly as often as it happened, and nothing else is.
 */
#include "tests/unit/worker/support.h"

#include "harness/base/prf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* 10 clients x 10 cycles of connect, request, close, with the fake's options. */
static void run_hundred(struct trial *trial, struct step *steps, size_t count, const char *options)
{
    trial_init(trial, steps, count, options);
    trial->scenario.load.threads = 4;
    trial->scenario.load.clients = 10;
    trial->scenario.load.cycles = 10;
    trial->scenario.load.sample_every = 10;
    trial_run(trial);
    assert_finished(trial);
}

struct wrong_case {
    const char *options;
    const char *path;
    uint32_t kind;
    const char *text;
};

static void wrong_responses_are_told_apart(void **state)
{
    (void)state;
    static const struct wrong_case cases[] = {
        {"\"wrong_status\":10", "/get", OBSERVATION_WRONG_STATUS,
         "status 503, expected 200 to 299"},
        {"\"wrong_body\":10", "/bytes/64", OBSERVATION_WRONG_BODY,
         "body byte 5 is 0xa3, expected 0xa2"},
        {"\"short_body\":10", "/bytes/64", OBSERVATION_WRONG_BODY, "body of 63 bytes, expected 64"},
        {"\"swap_nonce\":10", "/get", OBSERVATION_CROSS_TALK, "0123456789abcdef"},
        {"\"lose_nonce\":10", "/get", OBSERVATION_NONCE_MISSING, "no eighth-nonce"},
        {"\"fail_request\":10", "/get", OBSERVATION_FAILED, "no answer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct step steps[] = {CONNECT(), REQUEST(cases[i].path), CLOSE()};
        struct trial trial;
        run_hundred(&trial, steps, 3, cases[i].options);
        struct observation observation;
        size_t count = 0;
        while (trial_observation(&trial, &observation)) {
            assert_int_equal(observation.kind, cases[i].kind);
            assert_int_equal(observation.operation, FLIGHT_REQUEST);
            assert_int_equal(observation.step, 1);
            assert_true(observation.connection >= 1 && observation.connection <= 100);
            assert_true(observation.begun <= observation.time);
            if (strstr(observation.text, cases[i].text) == NULL) {
                fail_msg("got: %s", observation.text);
            }
            if (cases[i].kind == OBSERVATION_FAILED) {
                assert_int_equal(observation.phase, EIGHTH_PHASE_REQUEST);
                assert_int_equal(observation.error_class, EIGHTH_TIMEOUT);
                assert_int_equal(observation.code, 42);
            }
            count++;
        }
        assert_int_equal(count, 10);
        struct logbook_counters sum = trial_counters(&trial);
        assert_int_equal(sum.cycles_failed, 10);
        assert_int_equal(sum.cycles_completed, 90);
        assert_int_equal(trial.board->created, 100);
        /* A failed step ends the cycle with an abrupt close. */
        assert_int_equal(trial.board->graceful, 90);
        assert_int_equal(trial.board->closes, 100);
        trial_release(&trial);
    }
}

static void an_echo_must_come_back(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/echo", .body_bytes = 1001), CLOSE()};
    struct trial trial;
    run_hundred(&trial, steps, 3, "\"wrong_body\":25");
    assert_int_equal(count_observations(&trial, OBSERVATION_WRONG_BODY), 4);
    trial_release(&trial);
    run_hundred(&trial, steps, 3, "");
    assert_clean(&trial);
    assert_int_equal(trial_counters(&trial).body_bytes, 100 * 1001);
    trial_release(&trial);
}

static void an_address_without_nonce_is_not_asked_for_one(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/bytes/64"), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "\"lose_nonce\":1,\"wrong_body\":1");
    trial.scenario.target.kind = TARGET_ADDRESS;
    trial.scenario.target.tls = true;
    trial_run(&trial);
    assert_clean(&trial);
    trial_release(&trial);
    trial_init(&trial, steps, 3, "\"lose_nonce\":1");
    trial.scenario.target.kind = TARGET_ADDRESS;
    trial.scenario.target.tls = true;
    trial.scenario.target.nonce = true;
    trial_run(&trial);
    assert_int_equal(count_observations(&trial, OBSERVATION_NONCE_MISSING), 1);
    trial_release(&trial);
}

static void failed_connects_are_counted_by_phase_and_class(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    struct trial trial;
    run_hundred(&trial, steps, 3, "\"fail_open\":5,\"resume\":2");
    struct logbook_counters sum = trial_counters(&trial);
    assert_int_equal(sum.handshakes_failed, 20);
    assert_int_equal(sum.handshakes_resumed, 40); /* even ordinals, those that fail excepted */
    assert_int_equal(sum.handshakes_full, 40);
    assert_int_equal(sum.errors[EIGHTH_PHASE_TLS][EIGHTH_RESET], 20);
    assert_int_equal(sum.cycles_failed, 20);
    assert_int_equal(sum.requests, 80);
    assert_int_equal(trial.board->closes, 80);
    assert_int_equal(count_observations(&trial, OBSERVATION_FAILED), 20);
    trial_release(&trial);
}

static void expected_errors_are_not_observed(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), CLOSE(), CLOSE()};
    steps[0].expect.error = true;
    steps[0].expect.error_phase = EIGHTH_PHASE_TLS;
    steps[0].expect.error_class = EIGHTH_RESET;
    struct trial trial;
    run_hundred(&trial, steps, 3, "\"fail_open\":1");
    assert_clean(&trial);
    assert_int_equal(trial_counters(&trial).errors[EIGHTH_PHASE_TLS][EIGHTH_RESET], 100);
    assert_int_equal(trial.board->closes, 200);
    trial_release(&trial);

    steps[0].expect.error_class = EIGHTH_CERTIFICATE;
    run_hundred(&trial, steps, 3, "\"fail_open\":1");
    assert_int_equal(count_observations(&trial, OBSERVATION_FAILED), 100);
    trial_release(&trial);

    steps[0].expect.error_class = 0;
    run_hundred(&trial, steps, 3, "");
    assert_int_equal(count_observations(&trial, OBSERVATION_UNEXPECTED), 100);
    trial_release(&trial);
}

static void resumption_is_checked_where_it_is_asked_for(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), CLOSE()};
    steps[0].expect.resumed = 1;
    struct trial trial;
    run_hundred(&trial, steps, 2, "\"resume\":2");
    assert_int_equal(count_observations(&trial, OBSERVATION_UNEXPECTED), 50);
    trial_release(&trial);
    steps[0].expect.resumed = 0;
    run_hundred(&trial, steps, 2, "");
    assert_clean(&trial);
    trial_release(&trial);
}

static void a_late_return_is_an_overrun(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    steps[1].timeout_ns = NS_PER_MS;
    struct trial trial;
    trial_init(&trial, steps, 3, "\"late_ms\":2050");
    trial_run(&trial);
    assert_finished(&trial);
    assert_int_equal(count_observations(&trial, OBSERVATION_OVERRUN), 1);
    trial_release(&trial);
    /* Within the grace it is none. */
    trial_init(&trial, steps, 3, "\"late_ms\":100");
    trial_run(&trial);
    assert_clean(&trial);
    trial_release(&trial);
}

static void failures_to_create_and_to_close_are_observed(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), CLOSE()};
    struct trial trial;
    run_hundred(&trial, steps, 2, "\"fail_close\":10");
    struct observation observation;
    size_t count = 0;
    while (trial_observation(&trial, &observation)) {
        assert_int_equal(observation.kind, OBSERVATION_FAILED);
        assert_int_equal(observation.operation, FLIGHT_CLOSE);
        count++;
    }
    assert_int_equal(count, 10);
    trial_release(&trial);
    run_hundred(&trial, steps, 2, "\"fail_create\":1");
    count = 0;
    while (trial_observation(&trial, &observation)) {
        assert_int_equal(observation.operation, FLIGHT_CREATE);
        count++;
    }
    assert_int_equal(count, 100);
    assert_int_equal(trial_counters(&trial).connects, 0);
    trial_release(&trial);
}

/* The observation names the port that the client's TCP socket had: the key into the ledger. */
static void see_connect(int datagram)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 10), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    uint16_t port = ntohs(address.sin_port);

    char options[64];
    (void)snprintf(options, sizeof options,
                   "\"connect_port\":%u,\"fail_request\":1,\"datagram\":%d", port, datagram);
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, options);
    uint64_t before = clock_now();
    trial_run(&trial);
    struct sockaddr_in peer;
    length = sizeof peer;
    int accepted = accept(listener, (struct sockaddr *)&peer, &length);
    assert_true(accepted >= 0);
    struct observation observation;
    assert_true(trial_observation(&trial, &observation));
    assert_int_equal(observation.local_port, ntohs(peer.sin_port));
    assert_int_equal(observation.peer_port, port);
    assert_in_range(observation.connect_time, before, observation.begun);
    (void)close(accepted);
    (void)close(listener);
    trial_release(&trial);
}

static void connects_are_seen(void **state)
{
    (void)state;
    see_connect(0);
    see_connect(1);
}

static void every_request_has_a_nonce_of_its_own(void **state)
{
    (void)state;
    struct step inner[] = {REQUEST("/get"), REQUEST("/get")};
    struct step outer[] = {REPEAT(2, inner), REQUEST("/get")};
    struct step steps[] = {CONNECT(), REPEAT(3, outer), CLOSE()};
    uint64_t sums[3];
    for (int run = 0; run < 3; run++) {
        struct trial trial;
        trial_init(&trial, steps, 3, "");
        trial.plan.seed = run == 2 ? 43 : 42;
        trial.scenario.load.threads = run == 0 ? 1 : 8;
        trial.scenario.load.clients = 40;
        trial.scenario.load.cycles = 3;
        trial.scenario.load.affinity = run == 0 ? AFFINITY_PINNED : AFFINITY_MIGRATE;
        trial_run(&trial);
        assert_clean(&trial);
        assert_int_equal(trial.board->requests, 40 * 3 * 15);
        sums[run] = trial.board->nonces;
        trial_release(&trial);
    }
    /* Same seed, same choices, whatever the threads do. */
    assert_int_equal(sums[0], sums[1]);
    assert_int_not_equal(sums[0], sums[2]);
    /* Each a function of instance, cycle, step and iteration. */
    uint64_t expected = 0;
    for (uint64_t instance = 0; instance < 40; instance++) {
        for (uint64_t cycle = 0; cycle < 3; cycle++) {
            uint64_t iteration = 0;
            for (int i = 0; i < 3; i++) {
                for (int k = 0; k < 2; k++) {
                    expected += prf(42, PRF_NONCE, instance, cycle, iteration << 16 | 3);
                    expected += prf(42, PRF_NONCE, instance, cycle, iteration << 16 | 4);
                    iteration += k == 0;
                }
                expected += prf(42, PRF_NONCE, instance, cycle, iteration << 16 | 5);
                iteration++;
            }
        }
    }
    assert_int_equal(sums[0], expected);
}

static void refused_connects_go_to_the_refusing_port(void **state)
{
    (void)state;
    struct fault_rule rule = {.id = FAULT_REFUSE, .every = 4, .probability = -1};
    struct step steps[] = {CONNECT(), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 2, "");
    trial.scenario.target.embedded.faults = &rule;
    trial.scenario.target.embedded.fault_count = 1;
    trial.scenario.load.cycles = 100;
    trial.plan.refuse_port = 9;
    trial_run(&trial);
    assert_clean(&trial);
    assert_int_equal(trial.board->refused_port, 25);
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_responses_are_told_apart),
        cmocka_unit_test(an_echo_must_come_back),
        cmocka_unit_test(an_address_without_nonce_is_not_asked_for_one),
        cmocka_unit_test(failed_connects_are_counted_by_phase_and_class),
        cmocka_unit_test(expected_errors_are_not_observed),
        cmocka_unit_test(resumption_is_checked_where_it_is_asked_for),
        cmocka_unit_test(a_late_return_is_an_overrun),
        cmocka_unit_test(failures_to_create_and_to_close_are_observed),
        cmocka_unit_test(connects_are_seen),
        cmocka_unit_test(every_request_has_a_nonce_of_its_own),
        cmocka_unit_test(refused_connects_go_to_the_refusing_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
