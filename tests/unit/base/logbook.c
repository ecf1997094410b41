/* SPDX-License-Identifier: MIT
 *
 * The logbook survives the death of its writer, loses nothing silently, and believes nobody.
 */
#include "harness/base/logbook.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct shared_memory shared = SHARED_MEMORY_INIT;
static struct logbook *logbook;

static int set_up(void **state)
{
    (void)state;
    struct failure failure;
    if (logbook_create(&shared, 3, &failure) != 0) {
        return -1;
    }
    logbook = logbook_of(&shared, &failure);
    return logbook != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    shared_memory_release(&shared);
    return 0;
}

static void test_survives_sigkill(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct logbook_lane *lane = logbook_lane(logbook, 2);
        lane->counters.cycles_started = 41;
        histogram_record(&lane->latencies[LATENCY_TLS], 5000);
        for (uint32_t i = 0; i < FLIGHT_RING + 5; i++) {
            struct flight_record record = {.time = 1 + i, .instance = i, .operation = FLIGHT_CLOSE};
            flight_write(&lane->flight, &record);
        }
        struct observation observation = {.kind = OBSERVATION_FAILED, .text = "late"};
        logbook_observe(logbook, &observation);
        (void)raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    const struct logbook_lane *lane = logbook_lane(logbook, 2);
    assert_int_equal(lane->counters.cycles_started, 41);
    assert_int_equal(lane->latencies[LATENCY_TLS].count, 1);
    assert_int_equal(lane->flight.head, FLIGHT_RING + 5);
    assert_int_equal(lane->flight.records[4].instance, FLIGHT_RING + 4);
    assert_int_equal(lane->flight.records[5].instance, 5);
    struct observation observation;
    assert_int_equal(logbook_next_observation(logbook, &observation, 0), 1);
    assert_string_equal(observation.text, "late");
    assert_int_equal(logbook_next_observation(logbook, &observation, 0), 0);
}

static void test_lanes_do_not_overlap(void **state)
{
    (void)state;
    assert_true((char *)logbook_lane(logbook, 0) >= (char *)(logbook + 1));
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal((uintptr_t)logbook_lane(logbook, i) % 4096, 0);
    }
    assert_true((char *)(logbook_lane(logbook, 2) + 1) <= (char *)shared.memory + shared.size);
}

static void test_a_full_ring_counts_what_it_loses(void **state)
{
    (void)state;
    struct observation observation = {.kind = OBSERVATION_FAILED};
    for (uint32_t i = 0; i < LOGBOOK_OBSERVATIONS + 7; i++) {
        observation.instance = i;
        logbook_observe(logbook, &observation);
    }
    assert_int_equal(logbook->observation_lost, 7);
    for (uint32_t i = 0; i < LOGBOOK_OBSERVATIONS; i++) {
        assert_int_equal(logbook_next_observation(logbook, &observation, 0), 1);
        assert_int_equal(observation.instance, i);
    }
    assert_int_equal(logbook_next_observation(logbook, &observation, 1), 0);
}

static void test_an_unfinished_slot_is_skipped_at_the_end_only(void **state)
{
    (void)state;
    struct observation observation = {.kind = OBSERVATION_FAILED, .instance = 8};
    /* A writer that claimed a slot and died. */
    logbook->observation_next = 1;
    logbook_observe(logbook, &observation);
    assert_int_equal(logbook_next_observation(logbook, &observation, 0), 0);
    assert_int_equal(logbook_next_observation(logbook, &observation, 1), 1);
    assert_int_equal(observation.instance, 8);
}

static void test_scribbled_indices_end_the_reading(void **state)
{
    (void)state;
    struct observation observation;
    logbook->observation_next = UINT64_MAX / 3;
    assert_int_equal(logbook_next_observation(logbook, &observation, 1), 0);
    logbook->lanes = 1U << 30;
    struct failure failure = FAILURE_INIT;
    assert_null(logbook_of(&shared, &failure));
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
}

enum { WRITERS = 4, WRITES = 50000 };

static void *writer(void *argument)
{
    struct observation observation = {.kind = OBSERVATION_FAILED,
                                      .lane = (uint32_t)(uintptr_t)argument};
    for (uint32_t i = 0; i < WRITES; i++) {
        observation.instance = i;
        logbook_observe(logbook, &observation);
    }
    return NULL;
}

static void test_read_plus_lost_is_written(void **state)
{
    (void)state;
    pthread_t threads[WRITERS];
    for (uintptr_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, writer, (void *)i), 0);
    }
    uint64_t seen = 0;
    uint32_t expected[WRITERS] = {0};
    struct observation observation;
    while (seen + logbook->observation_lost < WRITERS * WRITES) {
        if (logbook_next_observation(logbook, &observation, 0) == 1) {
            /* Each writer's own order is kept. */
            assert_true(observation.instance >= expected[observation.lane]);
            expected[observation.lane] = observation.instance + 1;
            seen++;
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(seen + logbook->observation_lost, WRITERS * WRITES);
    assert_int_equal(logbook_next_observation(logbook, &observation, 1), 0);
}

/* Rounds of a soak, however long: first, last and evenly spread, in order, with nothing lost of
 * what a slope needs. */
static void test_a_long_series_is_thinned_evenly(void **state)
{
    (void)state;
    const uint64_t lengths[] = {1,
                                2,
                                LOGBOOK_SAMPLES - 1,
                                LOGBOOK_SAMPLES,
                                LOGBOOK_SAMPLES + 1,
                                2 * LOGBOOK_SAMPLES - 1,
                                2 * LOGBOOK_SAMPLES,
                                2 * LOGBOOK_SAMPLES + 1,
                                100 * LOGBOOK_SAMPLES + 77};
    uint64_t round = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (; round < lengths[i]; round++) {
            struct resource_sample sample = {.time = round + 1, .cycles = round};
            logbook_add_sample(logbook, &sample);
        }
        uint32_t count = logbook->sample_count;
        uint64_t stride = logbook->sample_stride;
        assert_int_equal(logbook->sample_rounds, round);
        assert_true(count <= LOGBOOK_SAMPLES);
        assert_true(round <= LOGBOOK_SAMPLES ? count == round : count > LOGBOOK_SAMPLES / 2);
        assert_int_equal(logbook->samples[count - 1].cycles, round - 1);
        for (uint32_t s = 0; s + 1 < count; s++) {
            assert_int_equal(logbook->samples[s].cycles, s * stride);
            assert_int_equal(logbook->samples[s].time, s * stride + 1);
        }
    }
}

#define logbook_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        logbook_test(test_survives_sigkill),
        logbook_test(test_lanes_do_not_overlap),
        logbook_test(test_a_full_ring_counts_what_it_loses),
        logbook_test(test_an_unfinished_slot_is_skipped_at_the_end_only),
        logbook_test(test_scribbled_indices_end_the_reading),
        logbook_test(test_read_plus_lost_is_written),
        logbook_test(test_a_long_series_is_thinned_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
