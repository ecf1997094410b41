/* SPDX-License-Identifier: MIT
 *
 * Runs a trial of the worker in a forked process, over a scenario that a test fills in by hand, and
 * shows what it left in the logbook and on the fake client's board.
 */
#ifndef TESTS_WORKER_SUPPORT_H
#define TESTS_WORKER_SUPPORT_H

#include "client/eighth_client.h"
#include "harness/base/logbook.h"
#include "harness/scenario/lanes.h"
#include "harness/scenario/plan.h"
#include "harness/worker/driver.h"
#include "harness/worker/notes.h"
#include "tests/unit/worker/fake.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL_PROMISES                                                              \
    (EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE | \
     EIGHTH_CAN_SHARE | EIGHTH_CAN_CLOSE_WHILE_BUSY)

/* ---- steps ---- */

#define STEP(...)                                                                            \
    {                                                                                        \
        .timeout_ns = 5 * NS_PER_S, .expect = {.body_bytes = -1, .resumed = -1}, __VA_ARGS__ \
    }
#define CONNECT(...) STEP(.kind = STEP_CONNECT, __VA_ARGS__)
#define REQUEST(where, ...) \
    STEP(.kind = STEP_REQUEST, .method = (char *)"GET", .path = (char *)(where), __VA_ARGS__)
#define PING(...) STEP(.kind = STEP_PING, __VA_ARGS__)
#define HOLD(ns, ...) STEP(.kind = STEP_HOLD, .hold_ns = (ns), __VA_ARGS__)
#define CLOSE(...) STEP(.kind = STEP_CLOSE, __VA_ARGS__)
#define REPEAT(n, list)                                      \
    STEP(.kind = STEP_REPEAT, .times = (n), .steps = (list), \
         .step_count = sizeof(list) / sizeof *(list))
#define RACE(list) \
    STEP(.kind = STEP_RACE, .steps = (list), .step_count = sizeof(list) / sizeof *(list))

/* As the parser does: each step before those inside it. */
static inline uint16_t number_steps(struct step *steps, size_t count, uint16_t next)
{
    for (size_t i = 0; i < count; i++) {
        steps[i].index = next++;
        next = number_steps(steps[i].steps, steps[i].step_count, next);
    }
    return next;
}

/* ---- trials ---- */

struct trial {
    struct scenario scenario;
    struct plan plan;
    struct shared_memory shared;
    struct shared_memory descriptors;
    struct logbook *logbook;
    struct descriptor_log *log; /* what was seen of descriptors */
    struct board *board;
    char options[512];
    char library[512];
    int status; /* of waitpid */
};

/* The fake client lies beside the tests: BUILD/FLAVOR/run/worker_fake.so. */
static inline void find_library(char *path, size_t size, const char *name)
{
    char self[400];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    for (int i = 0; i < 3; i++) {
        *strrchr(self, '/') = '\0';
    }
    (void)snprintf(path, size, "%s/run/%s", self, name);
}

/* One client, one cycle, one thread, the fake as client with the given options ("" for none). */
static inline void trial_init(struct trial *trial, struct step *steps, size_t count,
                              const char *options)
{
    memset(trial, 0, sizeof *trial);
    (void)number_steps(steps, count, 0);
    trial->shared.fd = -1;
    trial->descriptors.fd = -1;
    trial->board =
        mmap(NULL, sizeof *trial->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(trial->board != MAP_FAILED);
    (void)snprintf(trial->options, sizeof trial->options, "{\"board\":%llu%s%s}",
                   (unsigned long long)(uintptr_t)trial->board, options[0] != '\0' ? "," : "",
                   options);
    find_library(trial->library, sizeof trial->library, "worker_fake.so");
    struct scenario *scenario = &trial->scenario;
    scenario->client.options = trial->options;
    scenario->client.alpn = (char *)"h2";
    scenario->client.interposition = true;
    scenario->client.session = EIGHTH_SESSION_REUSE;
    scenario->target.kind = TARGET_EMBEDDED;
    scenario->target.embedded.tls = true;
    scenario->load.threads = 1;
    scenario->load.clients = 1;
    scenario->load.cycles = 1;
    scenario->load.sample_every = 1;
    scenario->steps = steps;
    scenario->step_count = count;
    trial->plan.scenario = scenario;
    trial->plan.seed = 42;
    trial->plan.library = trial->library;
    trial->plan.host = (char *)"127.0.0.1";
    trial->plan.port = 4433;
}

/* In the child; as eighth-worker's main does. */
static inline int trial_child(struct trial *trial)
{
    struct failure failure = FAILURE_INIT;
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGSEGV, &action, NULL); /* cmocka's is not a client's */
    (void)close(trial->shared.fd);
    (void)close(trial->descriptors.fd);
    if (driver_run(&trial->plan, trial->logbook, trial->log, &failure) != 0) {
        notes_refuse(trial->logbook, &failure);
        return 3;
    }
    return 0;
}

/* Runs it; the logbook and the board can then be looked at. can: what the client promises. */
static inline void trial_run_with(struct trial *trial, uint64_t can)
{
    struct failure failure = FAILURE_INIT;
    if (logbook_create(&trial->shared, driver_lanes(&trial->scenario), &failure) != 0 ||
        descriptor_log_create(&trial->descriptors, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
    trial->logbook = logbook_of(&trial->shared, &failure);
    trial->log = descriptor_log_of(&trial->descriptors, &failure);
    assert_non_null(trial->logbook);
    assert_non_null(trial->log);
    char text[32];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)can);
    (void)setenv("FAKE_CAN", text, 1);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        exit(trial_child(trial));
    }
    assert_int_equal(waitpid(child, &trial->status, 0), child);
}

static inline void trial_run(struct trial *trial)
{
    trial_run_with(trial, ALL_PROMISES);
}

static inline void trial_release(struct trial *trial)
{
    shared_memory_release(&trial->shared);
    shared_memory_release(&trial->descriptors);
    (void)munmap(trial->board, sizeof *trial->board);
}

/* ---- looking at it ---- */

static inline struct logbook_counters trial_counters(const struct trial *trial)
{
    struct logbook_counters sum = {0};
    for (uint32_t i = 0; i < trial->logbook->lanes; i++) {
        const struct logbook_lane *lane = logbook_lane(trial->logbook, i);
        const uint64_t *from = (const uint64_t *)&lane->counters;
        uint64_t *to = (uint64_t *)&sum;
        for (size_t k = 0; k < sizeof sum / sizeof *to; k++) {
            to[k] += from[k];
        }
    }
    return sum;
}

static inline uint64_t trial_latencies(const struct trial *trial, enum latency which)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < trial->logbook->lanes; i++) {
        sum += logbook_lane(trial->logbook, i)->latencies[which].count;
    }
    return sum;
}

static inline bool trial_observation(struct trial *trial, struct observation *observation)
{
    return logbook_next_observation(trial->logbook, observation, 1) != 0;
}

static inline size_t count_observations(struct trial *trial, uint32_t kind)
{
    struct observation observation;
    size_t count = 0;
    while (trial_observation(trial, &observation)) {
        if (observation.kind != kind) {
            fail_msg("observation %u: %s", observation.kind, observation.text);
        }
        count++;
    }
    return count;
}

/* The worker ran to its end, nothing was seen, everything was given back. */
static inline void assert_finished(const struct trial *trial)
{
    if (trial->logbook->state == WORKER_REFUSED) {
        fail_msg("refused: %s", trial->logbook->failure_text);
    }
    assert_int_equal(trial->logbook->state, WORKER_FINISHED);
    assert_int_equal(trial->status, 0);
    assert_int_equal(trial->board->created, trial->board->freed);
    assert_int_equal(trial->board->live, 0);
    assert_int_equal(trial->board->misused, 0);
    assert_int_equal(trial->board->inits, 1);
    assert_int_equal(trial->board->cleanups, 1);
    struct logbook_counters sum = trial_counters(trial);
    assert_int_equal(sum.cycles_started, sum.cycles_completed + sum.cycles_failed);
    assert_int_equal(sum.connects, trial->board->opens);
    assert_int_equal(sum.requests, trial->board->requests);
    assert_int_equal(trial_latencies(trial, LATENCY_CYCLE), sum.cycles_completed);
}

static inline void assert_clean(struct trial *trial)
{
    assert_finished(trial);
    struct observation observation;
    if (trial_observation(trial, &observation)) {
        fail_msg("observation %u: %s", observation.kind, observation.text);
    }
    assert_int_equal(trial->logbook->observation_lost, 0);
    assert_int_equal(trial_counters(trial).cycles_failed, 0);
    assert_int_equal(trial->logbook->before_init.fds, trial->logbook->after_cleanup.fds);
    assert_int_equal(trial->logbook->before_init.threads, trial->logbook->after_cleanup.threads);
    assert_int_equal(trial->logbook->surplus_count, 0);
}

#endif
