/* SPDX-License-Identifier: MIT
 *
 * Races, reopening, sessions, promises; leaks that the samples must see; clients that die; clients
 * that cannot be loaded.
 */
#include "tests/unit/worker/support.h"

#include <signal.h>

static void races_really_overlap(void **state)
{
    (void)state;
    struct step together[] = {REQUEST("/get"), REQUEST("/get"), PING(), CLOSE()};
    struct step steps[] = {CONNECT(), RACE(together), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "\"work_ns\":20000");
    trial.scenario.load.threads = 2;
    trial.scenario.load.clients = 4;
    trial.scenario.load.cycles = 250;
    trial.scenario.load.sample_every = 250;
    trial_run(&trial);
    assert_clean(&trial);
    struct logbook_counters sum = trial_counters(&trial);
    assert_int_equal(sum.cycles_completed, 1000);
    assert_int_equal(sum.requests, 2000);
    assert_int_equal(trial.board->closes, 2000);
    assert_true(trial.board->overlaps > 0);
    /* Whoever was late was cancelled; that is no error. */
    assert_true(sum.races_cancelled > 0);
    assert_int_equal(
        sum.requests_answered + sum.races_cancelled + trial_latencies(&trial, LATENCY_PING), 3000);
    assert_int_equal(sum.errors[EIGHTH_PHASE_REQUEST][EIGHTH_CANCELLED], 0);
    /* Main, two pool threads, three racers for each. */
    assert_int_equal(trial.logbook->before_run.threads, trial.logbook->before_init.threads + 8);
    assert_int_equal(trial.logbook->lanes, 9);
    trial_release(&trial);
}

static void a_failure_in_a_race_says_so(void **state)
{
    (void)state;
    struct step together[] = {REQUEST("/get", .jitter_ns = 1000), PING(.jitter_ns = 300000)};
    struct step steps[] = {CONNECT(), RACE(together), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "\"fail_request\":1");
    trial_run(&trial);
    struct observation observation;
    assert_true(trial_observation(&trial, &observation));
    assert_int_equal(observation.kind, OBSERVATION_FAILED);
    assert_int_equal(observation.racing, 1);
    assert_int_equal(observation.step, 2);
    trial_release(&trial);
}

static void a_connect_can_race_with_close(void **state)
{
    (void)state;
    struct step together[] = {CONNECT(), CLOSE()};
    struct step steps[] = {RACE(together), CLOSE(.close = CLOSE_ABRUPT)};
    struct trial trial;
    trial_init(&trial, steps, 2, "\"work_ns\":5000");
    trial.scenario.load.cycles = 300;
    trial.scenario.load.sample_every = 300;
    trial_run(&trial);
    assert_clean(&trial);
    assert_int_equal(trial.board->opens, 300);
    trial_release(&trial);
}

static void what_is_not_promised_is_withheld(void **state)
{
    (void)state;
    struct step together[] = {REQUEST("/get"), REQUEST("/get"), CLOSE()};
    struct step steps[] = {CONNECT(), RACE(together), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "\"work_ns\":20000");
    trial.scenario.load.threads = 4;
    trial.scenario.load.clients = 8;
    trial.scenario.load.cycles = 50;
    trial.scenario.load.sample_every = 50;
    trial.scenario.load.affinity = AFFINITY_MIGRATE;
    trial_run_with(&trial, EIGHTH_CAN_TLS);
    assert_clean(&trial);
    assert_int_equal(trial.board->overlaps, 0);
    assert_int_equal(trial.board->foreign, 0);
    assert_non_null(strstr(trial.logbook->notes, "EIGHTH_CAN_MIGRATE"));
    assert_non_null(strstr(trial.logbook->notes, "EIGHTH_CAN_SHARE"));
    assert_non_null(strstr(trial.logbook->notes, "EIGHTH_CAN_CLOSE_WHILE_BUSY"));
    /* No racers are made that would only sleep. */
    assert_int_equal(trial.logbook->before_run.threads, trial.logbook->before_init.threads + 4);
    trial_release(&trial);

    trial_init(&trial, steps, 3, "\"work_ns\":20000");
    trial.scenario.load.threads = 4;
    trial.scenario.load.clients = 8;
    trial.scenario.load.cycles = 50;
    trial.scenario.load.sample_every = 50;
    trial.scenario.load.affinity = AFFINITY_MIGRATE;
    trial.scenario.client.ignore_promises = true;
    trial_run_with(&trial, EIGHTH_CAN_TLS);
    assert_finished(&trial);
    assert_true(trial.board->overlaps > 0);
    assert_true(trial.board->foreign > 0);
    /* Nothing was withheld; and this client has no TLS whose objects could be counted. */
    assert_ptr_equal(strstr(trial.logbook->notes, "TLS objects were not counted"),
                     trial.logbook->notes);
    assert_null(strchr(trial.logbook->notes, '\n'));
    trial_release(&trial);
}

static void an_instance_is_reopened_or_replaced(void **state)
{
    (void)state;
    struct step body[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    struct step steps[] = {REPEAT(5, body)};
    struct trial trial;
    trial_init(&trial, steps, 1, "");
    trial_run(&trial);
    assert_clean(&trial);
    assert_int_equal(trial.board->created, 1);
    assert_int_equal(trial.board->reopened, 4);
    trial_release(&trial);
    trial_init(&trial, steps, 1, "");
    trial_run_with(&trial, EIGHTH_CAN_TLS);
    assert_clean(&trial);
    assert_int_equal(trial.board->created, 5);
    assert_int_equal(trial.board->reopened, 0);
    assert_int_equal(trial_counters(&trial).connects, 5);
    trial_release(&trial);
}

static void a_dropped_instance_is_freed_without_close(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE(.close = CLOSE_NONE)};
    struct trial trial;
    trial_init(&trial, steps, 3, "");
    trial.scenario.load.cycles = 10;
    trial_run(&trial);
    assert_clean(&trial);
    assert_int_equal(trial.board->closes, 0);
    assert_int_equal(trial.board->freed, 10);
    trial_release(&trial);
}

static void sessions_travel_to_the_next_cycle(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "\"sessions\":1");
    trial.scenario.client.session = EIGHTH_SESSION_IMPORT;
    trial.scenario.load.threads = 4;
    trial.scenario.load.clients = 20;
    trial.scenario.load.cycles = 10;
    trial_run(&trial);
    assert_clean(&trial);
    assert_int_equal(trial.board->exports, 200);
    assert_int_equal(trial.board->imports, 180);
    assert_int_equal(trial_counters(&trial).handshakes_full, 20);
    assert_int_equal(trial_counters(&trial).handshakes_resumed, 180);
    trial_release(&trial);
}

static void leaks_show_in_the_samples(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "\"leak_fd\":50,\"leak_thread\":100");
    trial.scenario.load.threads = 4;
    trial.scenario.load.clients = 10;
    trial.scenario.load.cycles = 20;
    trial.scenario.load.sample_every = 5;
    trial_run(&trial);
    assert_finished(&trial);
    const struct logbook *logbook = trial.logbook;
    assert_int_equal(logbook->sample_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(logbook->samples[i].fds, logbook->before_run.fds + i + 1);
        assert_int_equal(logbook->samples[i].threads, logbook->before_run.threads + (i + 1) / 2);
        assert_int_equal(logbook->samples[i].cycles, 50 * (i + 1));
    }
    assert_int_equal(logbook->after_cleanup.fds, logbook->before_init.fds + 4);
    assert_int_equal(logbook->after_cleanup.threads, logbook->before_init.threads + 2);
    assert_int_equal(logbook->surplus_count, 4);
    assert_non_null(strstr(logbook->surplus[0], ": /dev/null"));
    trial_release(&trial);
}

static void a_dying_client_is_not_a_refusal(void **state)
{
    (void)state;
    static const char *const options[] = {"\"crash\":30", "\"exit\":30"};
    for (int i = 0; i < 2; i++) {
        struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
        struct trial trial;
        trial_init(&trial, steps, 3, options[i]);
        trial.scenario.load.cycles = 100;
        trial_run(&trial);
        assert_int_equal(trial.logbook->state, WORKER_RUNNING);
        assert_int_equal(trial_counters(&trial).cycles_completed, 29);
        /* The flight record ends with a request that began. */
        const struct flight_ring *flight = &logbook_lane(trial.logbook, 0)->flight;
        const struct flight_record *last = &flight->records[(flight->head - 1) % FLIGHT_RING];
        assert_int_equal(last->operation, FLIGHT_REQUEST);
        assert_int_equal(last->edge, FLIGHT_BEGIN);
        assert_int_equal(last->cycle, 29);
        assert_int_equal(last->connection, 30);
        if (i == 1) {
            assert_true(WIFEXITED(trial.status) && WEXITSTATUS(trial.status) == 7);
        } else {
            /* A sanitizer turns the signal into its own exit. */
            assert_false(WIFEXITED(trial.status) && WEXITSTATUS(trial.status) == 0);
        }
        trial_release(&trial);
    }
}

struct refusal_case {
    const char *variable; /* of the environment, for the fake */
    const char *value;
    const char *library; /* NULL: the fake */
    const char *options;
    uint32_t kind;
    const char *text;
};

static void what_cannot_start_is_refused(void **state)
{
    (void)state;
    static const struct refusal_case cases[] = {
        {NULL, NULL, "/nowhere/libno.so", "", FAILURE_USAGE, "No such file"},
        {NULL, NULL, "/proc/self/status", "", FAILURE_USAGE, "status"},
        {NULL, NULL, "/lib/x86_64-linux-gnu/libcrypto.so.3", "", FAILURE_USAGE,
         "does not export `eighth_client`"},
        {"FAKE_ABI", "7", NULL, "", FAILURE_USAGE, "version 7"},
        {"FAKE_SIZE", "40", NULL, "", FAILURE_USAGE, "40 bytes"},
        {"FAKE_NO_CLOSE", "1", NULL, "", FAILURE_USAGE, "no `close`"},
        {NULL, NULL, NULL, "\"fail_init\":1", FAILURE_USAGE, "unknown option `fail_init`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct step steps[] = {CONNECT(), CLOSE()};
        struct trial trial;
        trial_init(&trial, steps, 2, cases[i].options);
        if (cases[i].library != NULL) {
            trial.plan.library = (char *)cases[i].library;
        }
        if (cases[i].variable != NULL) {
            (void)setenv(cases[i].variable, cases[i].value, 1);
        }
        trial_run(&trial);
        if (cases[i].variable != NULL) {
            (void)unsetenv(cases[i].variable);
        }
        assert_int_equal(trial.logbook->state, WORKER_REFUSED);
        assert_true(WIFEXITED(trial.status) && WEXITSTATUS(trial.status) == 3);
        assert_int_equal(trial.logbook->failure_kind, cases[i].kind);
        if (strstr(trial.logbook->failure_text, cases[i].text) == NULL) {
            fail_msg("got: %s", trial.logbook->failure_text);
        }
        trial_release(&trial);
    }
}

static void a_client_without_tls_is_not_asked_for_it(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 2, "");
    trial_run_with(&trial, EIGHTH_CAN_CLEAR);
    assert_int_equal(trial.logbook->state, WORKER_REFUSED);
    assert_int_equal(trial.logbook->failure_kind, FAILURE_USAGE);
    trial_release(&trial);
    trial_init(&trial, steps, 2, "");
    trial.scenario.target.embedded.tls = false;
    trial_run_with(&trial, EIGHTH_CAN_CLEAR);
    assert_clean(&trial);
    assert_int_equal(trial_counters(&trial).handshakes_full, 0);
    trial_release(&trial);
}

static void a_client_without_ping_skips_it(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), PING(), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "");
    (void)setenv("FAKE_NO_PING", "1", 1);
    trial_run(&trial);
    (void)unsetenv("FAKE_NO_PING");
    assert_clean(&trial);
    assert_int_equal(trial_counters(&trial).pings, 0);
    assert_non_null(strstr(trial.logbook->notes, "ping"));
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(races_really_overlap),
        cmocka_unit_test(a_failure_in_a_race_says_so),
        cmocka_unit_test(a_connect_can_race_with_close),
        cmocka_unit_test(what_is_not_promised_is_withheld),
        cmocka_unit_test(an_instance_is_reopened_or_replaced),
        cmocka_unit_test(a_dropped_instance_is_freed_without_close),
        cmocka_unit_test(sessions_travel_to_the_next_cycle),
        cmocka_unit_test(leaks_show_in_the_samples),
        cmocka_unit_test(a_dying_client_is_not_a_refusal),
        cmocka_unit_test(what_cannot_start_is_refused),
        cmocka_unit_test(a_client_without_tls_is_not_asked_for_it),
        cmocka_unit_test(a_client_without_ping_skips_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
