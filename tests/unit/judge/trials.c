/* SPDX-License-Identifier: MIT
 *
 * Observations joined with the ledger, deaths and flight sentences, from logbooks and
 * ledgers made by hand.
 */
#include "client/eighth_client.h"
#include "harness/judge/culprit.h"
#include "harness/judge/death.h"
#include "harness/judge/doing.h"
#include "harness/judge/observations.h"
#include "harness/judge/trial_judge.h"
#include "harness/watch/sanitizer_logs.h"
#include "tests/unit/judge/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES 3U
#define TARGET_PORT 8443
#define REFUSE_PORT 8444

struct world {
    struct trial_record record;
    struct seen seen;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct failure failure = FAILURE_INIT;
    assert_non_null(world);
    trial_init(&world->record);
    assert_int_equal(logbook_create(&world->record.shared, LANES, &failure), 0);
    world->record.logbook = world->record.shared.memory;
    world->record.lanes = LANES;
    world->record.started = true;
    seen_make(&world->seen);
    world->seen.observations.refuse_port = REFUSE_PORT;
    *state = world;
    return 0;
}

static int free_world(void **state)
{
    struct world *world = *state;
    seen_release(&world->seen);
    trial_release(&world->record);
    free(world);
    return 0;
}

static struct observation failed(uint16_t local_port, uint64_t connect_time, int phase, int class)
{
    struct observation observation;
    memset(&observation, 0, sizeof observation);
    observation.kind = OBSERVATION_FAILED;
    observation.operation = FLIGHT_OPEN;
    observation.local_port = local_port;
    observation.peer_port = TARGET_PORT;
    observation.connect_time = connect_time;
    observation.phase = phase;
    observation.error_class = class;
    observation.connection = 3;
    return observation;
}

static void observe(struct world *world, struct observation observation)
{
    logbook_observe(world->record.logbook, &observation);
}

static void test_fault_explains(void **state)
{
    struct world *world = *state;
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, true);
    observe(world, failed(4000, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.explained_count, 1);
    assert_int_equal(
        world->seen.observations.explained[FAULT_RESET_HANDSHAKE][EIGHTH_PHASE_TLS][EIGHTH_RESET],
        1);
    assert_int_equal(world->seen.observations.findings.count, 0);
}

static void test_fault_does_not_explain_everything(void **state)
{
    struct world *world = *state;
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, true);
    observe(world, failed(4000, 100, EIGHTH_PHASE_RESOLVE, EIGHTH_INTERNAL));
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.findings.count, 1);
    assert_non_null(strstr(world->seen.observations.findings.items[0]->title, "does not explain"));
    assert_int_equal(world->seen.observations.unexplained, 1);
}

static void test_neighbours_do_not_explain(void **state)
{
    struct world *world = *state;
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, true);
    (void)seen_accept(&world->seen, 4001, 110, FAULT_NONE, false);
    observe(world, failed(4001, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.findings.count, 1);
    assert_int_equal(world->seen.observations.findings.items[0]->kind, FINDING_ERROR);
    assert_int_equal(world->seen.observations.findings.items[0]->first_connection, 3);
}

/* Whose connection it was, only the client knows: what struck none of them explains nothing. */
static void test_neighbours_explain_in_a_pool(void **state)
{
    struct world *world = *state;
    world->seen.scenario.client.pools = true;
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, true);
    (void)seen_accept(&world->seen, 4001, 110, FAULT_NONE, false);
    (void)seen_accept(&world->seen, 4002, 110, FAULT_RST_STREAM, false);
    observe(world, failed(4001, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observe(world, failed(0, 0, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observe(world, failed(0, 0, EIGHTH_PHASE_REQUEST, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.pending_count, 3);
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.explained_count, 2);
    assert_int_equal(world->seen.observations.unexplained, 1);
}

static void test_port_used_again(void **state)
{
    struct world *world = *state;
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, true);
    (void)seen_accept(&world->seen, 4000, 210, FAULT_NONE, false);
    observe(world, failed(4000, 200, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observe(world, failed(4000, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.findings.count, 1);
    assert_int_equal(world->seen.observations.explained_count, 1);
}

static void test_ledger_behind(void **state)
{
    struct world *world = *state;
    observe(world, failed(4000, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.pending_count, 1);
    struct ledger_entry *entry = seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, false);
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.pending_count, 1); /* planned, not yet done */
    entry->fault_done = 1;
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.pending_count, 0);
    assert_int_equal(world->seen.observations.explained_count, 1);
    assert_int_equal(world->seen.observations.findings.count, 0);
}

static void test_fault_that_never_struck(void **state)
{
    struct world *world = *state;
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, false);
    observe(world, failed(4000, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.findings.count, 1);
}

static void test_connection_never_seen(void **state)
{
    struct world *world = *state;
    observe(world, failed(4000, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observe(world, failed(0, 0, EIGHTH_PHASE_TLS, EIGHTH_RESET));
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.unexplained, 2);
}

static void test_refused_on_purpose(void **state)
{
    struct world *world = *state;
    struct observation refused = failed(4000, 100, EIGHTH_PHASE_TCP, EIGHTH_REFUSED);
    refused.peer_port = REFUSE_PORT;
    observe(world, refused);
    observations_take(&world->seen.observations, world->record.logbook, false);
    assert_int_equal(world->seen.observations.explained_count, 1);
    refused.peer_port = TARGET_PORT;
    observe(world, refused);
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.unexplained, 1);
}

static void test_machine(void **state)
{
    struct world *world = *state;
    struct observation observation = failed(0, 0, EIGHTH_PHASE_TCP, EIGHTH_INTERNAL);
    observation.code = EADDRNOTAVAIL;
    observe(world, observation);
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.findings.count, 1);
    assert_int_equal(world->seen.observations.findings.items[0]->kind, FINDING_INFRA);
    assert_int_equal(world->seen.observations.unexplained, 0);
    assert_false(observations_is_machine(EIGHTH_PHASE_TLS, EADDRNOTAVAIL));
    assert_false(observations_is_machine(EIGHTH_PHASE_TCP, ECONNREFUSED));
}

static void test_other_kinds(void **state)
{
    static const enum finding_kind expected[OBSERVATION_KINDS] = {
        [OBSERVATION_FAILED] = FINDING_ERROR,
        [OBSERVATION_UNEXPECTED] = FINDING_ERROR,
        [OBSERVATION_WRONG_STATUS] = FINDING_WRONG_RESPONSE,
        [OBSERVATION_WRONG_BODY] = FINDING_WRONG_RESPONSE,
        [OBSERVATION_CROSS_TALK] = FINDING_CROSS_TALK,
        [OBSERVATION_NONCE_MISSING] = FINDING_WRONG_RESPONSE,
        [OBSERVATION_OVERRUN] = FINDING_ERROR,
    };
    struct world *world = *state;
    for (uint32_t kind = 1; kind < OBSERVATION_OPENED; kind++) {
        struct observation observation = failed(0, 0, EIGHTH_PHASE_REQUEST, EIGHTH_RESET);
        observation.kind = kind;
        observe(world, observation);
        observations_take(&world->seen.observations, world->record.logbook, true);
        assert_int_equal(world->seen.observations.findings.count, kind);
        assert_int_equal(world->seen.observations.findings.items[kind - 1]->kind, expected[kind]);
    }
    struct observation scribbled = failed(0, 0, 77777, -5);
    scribbled.operation = 60000;
    observe(world, scribbled);
    scribbled.kind = 4000000000U;
    observe(world, scribbled);
    observations_take(&world->seen.observations, world->record.logbook, true);
    assert_int_equal(world->seen.observations.findings.count, OBSERVATION_OPENED);
}

static void test_cut_off_by_the_user(void **state)
{
    struct world *world = *state;
    struct observations *observations = &world->seen.observations;
    struct observation late = failed(4000, 100, EIGHTH_PHASE_TLS, EIGHTH_RESET);
    (void)seen_accept(&world->seen, 4000, 110, FAULT_RESET_HANDSHAKE, true);
    observations->until = 1000;
    late.time = 1001;
    observe(world, late); /* explained as any other */
    late.error_class = EIGHTH_CANCELLED;
    observe(world, late);
    late.kind = OBSERVATION_WRONG_BODY;
    observe(world, late);
    observations_take(observations, world->record.logbook, true);
    assert_int_equal(observations->explained_count, 1);
    assert_int_equal(observations->findings.count, 0);
    assert_int_equal(observations->unexplained, 0);
    late.time = 1000;
    observe(world, late);
    observations_take(observations, world->record.logbook, true);
    assert_int_equal(observations->findings.count, 1);
}

/* ---- deaths ---- */

static void write_flight(struct world *world, uint32_t lane, enum flight_operation operation,
                         enum flight_edge edge, uint64_t time, uint32_t connection)
{
    struct logbook_lane *to = logbook_lane(world->record.logbook, lane);
    struct flight_record record = {.time = time,
                                   .instance = 8,
                                   .connection = connection,
                                   .operation = (uint8_t)operation,
                                   .edge = (uint8_t)edge,
                                   .fd = -1};
    to->role = LANE_POOL;
    to->tid = (int32_t)(100 + lane);
    flight_write(&to->flight, &record);
}

struct death_row {
    int status; /* as of waitpid */
    enum trial_stop stop;
    enum worker_state state;
    const char *key; /* NULL: no finding */
};

#define EXITED(code) ((code) << 8)

static const struct death_row deaths[] = {
    {EXITED(0), TRIAL_NOT_STOPPED, WORKER_FINISHED, NULL},
    {EXITED(0), TRIAL_NOT_STOPPED, WORKER_RUNNING, "crash/exit 0"},
    {EXITED(0), TRIAL_NOT_STOPPED, WORKER_CLEANING, "crash/exit 0/cleaning up"},
    {EXITED(1), TRIAL_NOT_STOPPED, WORKER_RUNNING, "crash/exit 1"},
    {EXITED(23), TRIAL_NOT_STOPPED, WORKER_FINISHED, "crash/exit 23/finished"},
    {EXITED(3), TRIAL_NOT_STOPPED, WORKER_REFUSED, NULL},
    {EXITED(3), TRIAL_NOT_STOPPED, WORKER_STARTING, "infra/worker did not start"},
    {SIGSEGV, TRIAL_NOT_STOPPED, WORKER_RUNNING, "crash/SIGSEGV/close"},
    {SIGABRT | 0x80, TRIAL_NOT_STOPPED, WORKER_RUNNING, "crash/SIGABRT/close"},
    {SIGSEGV, TRIAL_NOT_STOPPED, WORKER_LOADING, "crash/SIGSEGV/loading the client"},
    {SIGKILL, TRIAL_NOT_STOPPED, WORKER_RUNNING, "crash/SIGKILL"},
    {SIGKILL, TRIAL_STOP_MEMORY, WORKER_RUNNING, "crash/memory limit"},
    {SIGTERM, TRIAL_STOP_DEADLINE, WORKER_RUNNING, "hang/close"},
    {EXITED(0), TRIAL_STOP_DEADLINE, WORKER_FINISHED, "hang/close"},
    {SIGTERM, TRIAL_STOP_TARGET, WORKER_RUNNING, NULL},
    {SIGTERM, TRIAL_STOP_INTERRUPT, WORKER_RUNNING, NULL},
};

static void test_deaths(void **state)
{
    struct world *world = *state;
    struct trial_record *record = &world->record;
    write_flight(world, 0, FLIGHT_CLOSE, FLIGHT_BEGIN, 1000, 12);
    write_flight(world, 2, FLIGHT_OPEN, FLIGHT_END, 3000, 14);
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        record->status = deaths[i].status;
        record->stop = deaths[i].stop;
        record->ended = 4000;
        record->logbook->state = deaths[i].state;
        struct finding *finding = death_judge(record, world->seen.scenario.deadline_ns,
                                              world->seen.scenario.limits.memory_bytes);
        const char *key = finding != NULL ? finding->signature.key : "none";
        const char *expected = deaths[i].key != NULL ? deaths[i].key : "none";
        if (strcmp(key, expected) != 0) {
            fail_msg("row %zu: %s, expected %s", i, key, expected);
        }
        if (finding != NULL) {
            assert_int_equal(finding->first_connection, 12);
            assert_int_equal(finding->doing_count, 2);
            assert_string_equal(finding->phase, "close");
            assert_false(finding_is_poor(finding));
        }
        finding_free(finding);
    }
}

static struct finding *death_of(struct world *world, int status, enum trial_stop stop)
{
    world->record.status = status;
    world->record.stop = stop;
    world->record.ended = 4000;
    world->record.logbook->state = WORKER_RUNNING;
    return death_judge(&world->record, world->seen.scenario.deadline_ns,
                       world->seen.scenario.limits.memory_bytes);
}

/* Two were in an operation, and no stack tells which of them died. */
static void test_death_of_nobody_knows_whom(void **state)
{
    struct world *world = *state;
    write_flight(world, 0, FLIGHT_CLOSE, FLIGHT_BEGIN, 1000, 12);
    write_flight(world, 1, FLIGHT_REQUEST, FLIGHT_BEGIN, 2000, 13);
    write_flight(world, 2, FLIGHT_OPEN, FLIGHT_END, 3000, 14);
    static const int numbers[] = {SIGSEGV, SIGPIPE, SIGUSR1, SIGABRT, SIGKILL};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct finding *finding = death_of(world, numbers[i], TRIAL_NOT_STOPPED);
        assert_non_null(strstr(finding->title, ", in one of: close of instance 8 (connection 12), "
                                               "request of instance 8 (connection 13)"));
        assert_string_equal(finding->phase, "");
        assert_int_equal(finding->first_connection, 0);
        assert_false(finding->has_instance);
        assert_int_equal(finding_is_poor(finding), numbers[i] != SIGKILL);
        assert_non_null(strstr(finding->stacks_note, "is not known"));
        finding_free(finding);
    }
    /* A hang is near what began first. */
    struct finding *finding = death_of(world, SIGTERM, TRIAL_STOP_DEADLINE);
    assert_string_equal(finding->signature.key, "hang/close");
    assert_int_equal(finding->first_connection, 12);
    finding_free(finding);
    write_flight(world, 0, FLIGHT_CLOSE, FLIGHT_END, 3100, 12);
    write_flight(world, 1, FLIGHT_REQUEST, FLIGHT_END, 3100, 13);
    finding = death_of(world, SIGPIPE, TRIAL_NOT_STOPPED);
    assert_null(strstr(finding->title, "instance"));
    assert_string_equal(finding->phase, "");
    finding_free(finding);
}

static void test_sentences(void **state)
{
    struct world *world = *state;
    struct doing doing;
    struct buffer text = BUFFER_INIT;
    assert_false(doing_of(world->record.logbook, 1, 13000, &doing));
    write_flight(world, 1, FLIGHT_CLOSE, FLIGHT_BEGIN, 1000, 12);
    assert_true(doing_of(world->record.logbook, 1, 13000, &doing));
    doing_sentence(&doing, 13000, &text);
    assert_string_equal(
        buffer_text(&text),
        "thread 101 (pool 1): in close of instance 8 (connection 12), begun 12.0 us before");
    buffer_clear(&text);
    /* What came later does not count; where all is later, the last does. */
    write_flight(world, 1, FLIGHT_CLOSE, FLIGHT_END, 14000, 12);
    assert_true(doing_of(world->record.logbook, 1, 13000, &doing));
    assert_true(doing.busy && doing.last.time == 1000);
    assert_true(doing_of(world->record.logbook, 1, 14000, &doing) && !doing.busy);
    assert_true(doing_of(world->record.logbook, 1, 0, &doing) && !doing.busy);
    /* A ring full of noise. */
    struct logbook_lane *lane = logbook_lane(world->record.logbook, 2);
    memset(lane, 0xa5, sizeof *lane);
    struct finding *finding = finding_new(FINDING_CRASH, "crash/x", "x");
    doing_tell(world->record.logbook, LANES, 13000, finding);
    assert_int_equal(finding->doing_count, 2);
    doing_flight(world->record.logbook, LANES, 256, 13000, &text);
    assert_true(text.length > 256);
    buffer_clear(&text);
    finding_free(finding);
}

/* The worker may have written any number where its sanitizer's report began. */
static void test_moment_of_a_report(void **state)
{
    struct world *world = *state;
    struct trial_record *record = &world->record;
    static const struct {
        uint64_t reported;
        bool sanitizer_exit;
        enum trial_stop stop;
        uint64_t moment;
    } cases[] = {
        {2000, true, TRIAL_NOT_STOPPED, 2000},
        {0, true, TRIAL_NOT_STOPPED, 4000},
        {999, true, TRIAL_NOT_STOPPED, 4000},
        {4001, true, TRIAL_NOT_STOPPED, 4000},
        {UINT64_MAX, true, TRIAL_NOT_STOPPED, 4000},
        {2000, false, TRIAL_NOT_STOPPED, 4000}, /* it was not what ended the worker */
        {2000, true, TRIAL_STOP_DEADLINE, 3000},
    };
    record->begun = 1000;
    record->ended = 4000;
    record->status = SANITIZER_EXIT << 8;
    record->logbook->state = WORKER_RUNNING;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        record->logbook->reported = cases[i].reported;
        record->sanitizer_exit = cases[i].sanitizer_exit;
        record->stop = cases[i].stop;
        record->stopped_at = cases[i].stop != TRIAL_NOT_STOPPED ? 3000 : 0;
        assert_int_equal(culprit_moment(record), cases[i].moment);
    }
}

/* Ten connects, and what the target says. */
static struct logbook_lane *make_counts(struct world *world)
{
    struct trial_record *record = &world->record;
    world->seen.scenario.target.embedded.fault_count = 0;
    record->has_target = true;
    record->settled = true;
    record->logbook->state = WORKER_FINISHED;
    struct logbook_lane *lane = logbook_lane(record->logbook, 0);
    lane->role = LANE_POOL;
    lane->counters.connects = 10;
    return lane;
}

static enum trial_outcome outcome_of(struct world *world, struct scenario_result *result)
{
    struct trial_judge judge;
    result_init(result, &world->seen.scenario, "plain");
    trial_judge_init(&judge, &world->seen.scenario);
    enum trial_outcome outcome = trial_judge_end(&judge, &world->record, result);
    trial_judge_release(&judge);
    return outcome;
}

/* A client whose connects are answered from a pool: whether one of so many requests, at a target
 * with TLS or without, is told to be the client's own. */
static void test_a_pool_is_told(void **state)
{
    struct world *world = *state;
    struct scenario_result result;
    struct logbook_lane *lane = make_counts(world);
    world->record.at_end.accepted = 4;
    for (uint64_t requests = 0; requests <= 10; requests += 10) {
        for (int tls = 0; tls <= 1; tls++) {
            lane->counters.requests_answered = requests;
            world->record.at_end.responses = requests;
            world->seen.scenario.target.embedded.tls = tls != 0;
            world->seen.scenario.client.pools = false;
            bool sure = tls != 0 || requests == 10;
            assert_int_equal(outcome_of(world, &result), sure ? OUTCOME_FINDINGS : OUTCOME_INFRA);
            const struct finding *finding = result.findings.items[0];
            assert_int_equal(finding->kind, sure ? FINDING_WRONG_TOTAL : FINDING_INFRA);
            assert_non_null(strstr(finding->title, "set client.pools to true"));
            result_release(&result);
            world->seen.scenario.client.pools = true;
            assert_int_equal(outcome_of(world, &result), OUTCOME_CLEAN);
            result_release(&result);
        }
    }
    /* Connections that the target had not yet accepted are in no count. */
    world->seen.scenario.client.pools = false;
    world->record.settled = false;
    assert_int_equal(outcome_of(world, &result), OUTCOME_CLEAN);
    result_release(&result);
}

static void test_counts_must_agree(void **state)
{
    struct world *world = *state;
    struct trial_record *record = &world->record;
    struct scenario_result result;
    (void)make_counts(world);
    for (uint64_t accepted = 9; accepted <= 11; accepted++) {
        record->at_end.accepted = accepted;
        enum trial_outcome outcome = outcome_of(world, &result);
        assert_int_equal(outcome, accepted >= 10 ? OUTCOME_CLEAN : OUTCOME_INFRA);
        assert_int_equal(result.counters.connects, accepted >= 10 ? 10 : 0);
        assert_int_equal(result.note_count, accepted == 11 ? 1 : 0);
        result_release(&result);
    }
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(test_fault_explains),
        IN_A_WORLD(test_fault_does_not_explain_everything),
        IN_A_WORLD(test_neighbours_explain_in_a_pool),
        IN_A_WORLD(test_neighbours_do_not_explain),
        IN_A_WORLD(test_port_used_again),
        IN_A_WORLD(test_ledger_behind),
        IN_A_WORLD(test_fault_that_never_struck),
        IN_A_WORLD(test_connection_never_seen),
        IN_A_WORLD(test_refused_on_purpose),
        IN_A_WORLD(test_machine),
        IN_A_WORLD(test_other_kinds),
        IN_A_WORLD(test_cut_off_by_the_user),
        IN_A_WORLD(test_deaths),
        IN_A_WORLD(test_death_of_nobody_knows_whom),
        IN_A_WORLD(test_sentences),
        IN_A_WORLD(test_moment_of_a_report),
        IN_A_WORLD(test_counts_must_agree),
        IN_A_WORLD(test_a_pool_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
