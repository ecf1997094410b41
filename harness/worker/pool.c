/* SPDX-License-Identifier: MIT
 *
 * Makes and ends the pool; begins waves and waits for their end.
 */
#include "harness/worker/pool.h"

#include "harness/scenario/lanes.h"
#include "harness/worker/futex.h"
#include "harness/worker/lane.h"
#include "harness/worker/queue.h"
#include "harness/worker/turns.h"

#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t alignment, size_t count, size_t size)
{
    void *memory = aligned_alloc(alignment, count * size);
    if (memory != NULL) {
        memset(memory, 0, count * size);
    }
    return memory;
}

static int make_population(struct pool *pool, struct failure *failure)
{
    const struct driver *driver = pool->driver;
    uint32_t loops = driver->program.loops;
    pool->instances = zeroed(_Alignof(struct instance), pool->population, sizeof *pool->instances);
    pool->loops = calloc((size_t)pool->population * loops + 1, sizeof *pool->loops);
    if (driver->imports_sessions) {
        pool->sessions = calloc(pool->population, SESSION_CAPACITY);
    }
    if (pool->arrivals) {
        pool->free = calloc(pool->population, sizeof *pool->free);
    }
    if (pool->instances == NULL || pool->loops == NULL || (pool->arrivals && pool->free == NULL) ||
        (driver->imports_sessions && pool->sessions == NULL)) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %u clients",
                           pool->population);
    }
    for (uint32_t i = 0; i < pool->population; i++) {
        struct instance *instance = &pool->instances[i];
        instance->number = i;
        bool kept = pool->arrivals && driver->promises.migrates;
        instance->home = kept ? pool->thread_count : i % pool->thread_count;
        instance->fd = -1;
        instance->position.loops = pool->loops + (size_t)i * loops;
        instance->session =
            driver->imports_sessions ? pool->sessions + (size_t)i * SESSION_CAPACITY : NULL;
    }
    return 0;
}

/* Only for races that this client bears; racers that would only sleep are not made. */
static uint32_t racers_needed(const struct driver *driver)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < driver->program.length; i++) {
        const struct instruction *instruction = &driver->program.code[i];
        if (instruction->kind == INSTRUCTION_RACE &&
            promises_allow_race(&driver->promises, instruction->step) &&
            instruction->step->step_count > most) {
            most = (uint32_t)instruction->step->step_count;
        }
    }
    return most - 1;
}

/* The residents, lowest number first. */
static void settle_in(struct pool *pool, struct pool_thread *thread, uint32_t step)
{
    struct instance **end = &thread->free_list;
    for (uint32_t i = thread->index % step; i < pool->population; i += step) {
        thread->residents++;
        if (pool->arrivals) {
            *end = &pool->instances[i];
            end = &pool->instances[i].next;
        }
    }
}

static void thread_init(struct pool *pool, struct pool_thread *thread, uint32_t index)
{
    thread->pool = pool;
    thread->index = index;
    thread->ready_end = &thread->ready;
    thread->waiting_end = &thread->waiting;
    (void)pthread_mutex_init(&thread->lock, NULL);
}

static int make_keeper(struct pool *pool, struct failure *failure)
{
    struct pool_thread *keeper = &pool->threads[pool->thread_count];
    thread_init(pool, keeper, pool->thread_count);
    if (pool->arrivals) {
        settle_in(pool, keeper, 1);
    }
    int error = pthread_create(&keeper->thread, NULL, turns_keep, keeper);
    if (error != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                             "cannot create the thread beside the %u of the pool",
                             pool->thread_count);
    }
    pool->keeper = keeper;
    return 0;
}

static int make_thread(struct pool *pool, uint32_t index, struct failure *failure)
{
    struct driver *driver = pool->driver;
    struct pool_thread *thread = &pool->threads[index];
    uint32_t racers = lanes_racers(driver->scenario);
    thread_init(pool, thread, index);
    thread->shares = pool->keeper != NULL;
    if (!thread->shares || !pool->arrivals) {
        settle_in(pool, thread, pool->thread_count);
    }
    if (lane_init(&thread->lane, driver, index, LANE_POOL, failure) != 0) {
        return -1;
    }
    if (racers_init(&thread->racers, driver, pool->thread_count + index * racers,
                    racers_needed(driver), failure) != 0) {
        lane_release(&thread->lane);
        return -1;
    }
    int error = pthread_create(&thread->thread, NULL, turns_main, thread);
    if (error != 0) {
        racers_release(&thread->racers);
        lane_release(&thread->lane);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error, "cannot create thread %u of %u",
                             index + 1, driver->scenario->load.threads);
    }
    return 0;
}

int pool_init(struct pool *pool, struct driver *driver, struct failure *failure)
{
    const struct load_model *load = &driver->scenario->load;
    memset(pool, 0, sizeof *pool);
    pool->driver = driver;
    pool->thread_count = load->threads;
    pool->population = load->clients;
    pool->arrivals = load->start == START_RATE;
    pool->fresh = load->fresh_threads;
    uint32_t made = 0;
    if (make_population(pool, failure) != 0) {
        goto failed;
    }
    bool migrates = driver->promises.migrates;
    pool->threads =
        zeroed(_Alignof(struct pool_thread), load->threads + migrates, sizeof *pool->threads);
    if (pool->threads == NULL) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %u threads", load->threads);
        goto failed;
    }
    /* Before all others, which know it. */
    if (migrates && make_keeper(pool, failure) != 0) {
        goto failed;
    }
    atomic_store(&pool->remaining, load->threads);
    for (; made < load->threads; made++) {
        if (make_thread(pool, made, failure) != 0) {
            goto failed;
        }
    }
    pool_wait(pool, 0);
    return 0;
failed:
    pool->thread_count = made;
    pool_release(pool);
    return -1;
}

void pool_release(struct pool *pool)
{
    atomic_store(&pool->stop, true);
    for (uint32_t i = 0; pool->threads != NULL && i < pool->thread_count; i++) {
        struct pool_thread *thread = &pool->threads[i];
        queue_wake(thread);
        (void)pthread_join(thread->thread, NULL);
        racers_release(&thread->racers);
        lane_release(&thread->lane);
    }
    if (pool->keeper != NULL) {
        queue_wake(pool->keeper);
        (void)pthread_join(pool->keeper->thread, NULL);
    }
    free(pool->threads);
    free(pool->instances);
    free(pool->loops);
    free(pool->sessions);
    free(pool->free);
    memset(pool, 0, sizeof *pool);
}

void pool_begin(struct pool *pool, const struct wave *wave)
{
    pool->wave = *wave;
    atomic_store(&pool->remaining, wave->kind == WAVE_ARRIVALS ? 0 : pool->population);
    (void)atomic_fetch_add(&pool->generation, 1);
    for (uint32_t i = 0; wave->kind != WAVE_ARRIVALS && i < pool->thread_count; i++) {
        queue_wake(&pool->threads[i]);
    }
}

/* One arrival wakes one thread: the next one looks for another sleeper. */
static bool wake_for_arrival(struct pool_thread *thread)
{
    uint32_t sleeps = SLEEPS_WITH_FREE;
    if (!atomic_compare_exchange_strong(&thread->sleeps, &sleeps, SLEEPS)) {
        return false;
    }
    queue_wake(thread);
    return true;
}

void pool_arrive(struct pool *pool)
{
    (void)atomic_fetch_add(&pool->remaining, 1);
    uint64_t arrival = atomic_fetch_add(&pool->due, 1);
    if (pool->keeper != NULL) {
        (void)wake_for_arrival(pool->keeper);
        return;
    }
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        if (wake_for_arrival(&pool->threads[(arrival + i) % pool->thread_count])) {
            return;
        }
    }
}

uint64_t pool_drop(struct pool *pool)
{
    uint64_t due = atomic_load(&pool->due);
    uint64_t taken = atomic_load(&pool->taken);
    while (taken < due && !atomic_compare_exchange_weak(&pool->taken, &taken, due)) {
    }
    uint64_t dropped = taken < due ? due - taken : 0;
    (void)atomic_fetch_sub(&pool->remaining, (uint32_t)dropped);
    return dropped;
}

void pool_wait(struct pool *pool, uint64_t end)
{
    uint32_t remaining;
    while ((remaining = atomic_load_explicit(&pool->remaining, memory_order_acquire)) != 0 &&
           (end == 0 || clock_now() < end)) {
        futex_wait(&pool->remaining, remaining, end);
    }
}
