/* SPDX-License-Identifier: MIT
 *
 * Starts racing operations together and waits for them.
 */
#include "harness/worker/racers.h"

#include "harness/base/prf.h"
#include "harness/worker/futex.h"
#include "harness/worker/lane.h"
#include "harness/worker/last_words.h"
#include "harness/worker/operations.h"
#include "harness/worker/samples.h"

#include <stdlib.h>
#include <string.h>

/* Below this a sleep would last longer than it should. */
#define SPIN_BELOW (100 * NS_PER_US)

static void wait_until(uint64_t instant)
{
    uint64_t now = clock_now();
    if (instant > now + SPIN_BELOW) {
        struct timespec until = clock_timespec(instant - SPIN_BELOW / 2);
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    while (clock_now() < instant) {
        __builtin_ia32_pause();
    }
}

static void run_one(struct racers *racers, struct lane *lane, struct operation *operation)
{
    const struct instance *instance = racers->instance;
    const struct step *step = operation->step;
    uint64_t jitter = 0;
    if (step->jitter_ns != 0) {
        jitter = prf_below(prf(racers->driver->plan->seed, PRF_JITTER, instance->number,
                               instance->cycle, (uint64_t)operation->iteration << 16 | step->index),
                           step->jitter_ns);
    }
    gate_pass(&racers->gate, racers->parties, racers->generation);
    if (jitter != 0) {
        wait_until(racers->gate.time + jitter);
    }
    operation_run(racers->driver, lane, instance, operation);
}

static void one_done(struct racers *racers)
{
    if (atomic_fetch_sub_explicit(&racers->running, 1, memory_order_acq_rel) == 1) {
        futex_wake(&racers->running, 1);
    }
}

static void *racer_main(void *argument)
{
    struct racer *racer = argument;
    struct racers *racers = racer->racers;
    lane_enter(&racer->lane);
    last_words_thread_begin();
    samples_fill_cache();
    one_done(racers);
    for (uint32_t seen = 0;; seen++) {
        while (atomic_load_explicit(&racer->orders, memory_order_acquire) == seen) {
            futex_wait(&racer->orders, seen, 0);
        }
        if (racer->operation == NULL) {
            last_words_thread_end();
            return NULL;
        }
        run_one(racers, &racer->lane, racer->operation);
        one_done(racers);
    }
}

static void order(struct racer *racer, struct operation *operation)
{
    racer->operation = operation;
    (void)atomic_fetch_add_explicit(&racer->orders, 1, memory_order_release);
    futex_wake(&racer->orders, 1);
}

void racers_run(struct racers *racers, struct driver *driver, struct lane *lane,
                const struct instance *instance, struct operation *operations, uint32_t count)
{
    racers->driver = driver;
    racers->instance = instance;
    racers->parties = count;
    racers->generation++;
    atomic_store_explicit(&racers->running, count - 1, memory_order_relaxed);
    for (uint32_t i = 1; i < count; i++) {
        order(&racers->racers[i - 1], &operations[i]);
    }
    run_one(racers, lane, &operations[0]);
    racers_wait(racers);
}

void racers_wait(struct racers *racers)
{
    uint32_t running;
    while ((running = atomic_load_explicit(&racers->running, memory_order_acquire)) != 0) {
        futex_wait(&racers->running, running, 0);
    }
}

int racers_init(struct racers *racers, struct driver *driver, uint32_t first_lane, uint32_t count,
                struct failure *failure)
{
    memset(racers, 0, sizeof *racers);
    if (count == 0) {
        return 0;
    }
    racers->racers = aligned_alloc(_Alignof(struct racer), count * sizeof *racers->racers);
    if (racers->racers == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %u racing threads", count);
    }
    memset(racers->racers, 0, count * sizeof *racers->racers);
    atomic_store(&racers->running, count);
    for (uint32_t i = 0; i < count; i++) {
        struct racer *racer = &racers->racers[i];
        racer->racers = racers;
        if (lane_init(&racer->lane, driver, first_lane + i, LANE_RACER, failure) != 0) {
            racers_release(racers);
            return -1;
        }
        int error = pthread_create(&racer->thread, NULL, racer_main, racer);
        if (error != 0) {
            lane_release(&racer->lane);
            racers_release(racers);
            return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                                 "cannot create racing thread %u of %u", i + 1, count);
        }
        racers->count = i + 1;
    }
    return 0;
}

void racers_release(struct racers *racers)
{
    for (uint32_t i = 0; i < racers->count; i++) {
        order(&racers->racers[i], NULL);
        (void)pthread_join(racers->racers[i].thread, NULL);
        lane_release(&racers->racers[i].lane);
    }
    free(racers->racers);
    memset(racers, 0, sizeof *racers);
}
