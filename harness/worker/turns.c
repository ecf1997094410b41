/* SPDX-License-Identifier: MIT
 *
 * The loop of a pool thread: what runs next, and where an instance goes after its turn.
 */
#include "harness/worker/turns.h"

#include "harness/base/clock.h"
#include "harness/base/prf.h"
#include "harness/worker/fresh.h"
#include "harness/worker/futex.h"
#include "harness/worker/lane.h"
#include "harness/worker/last_words.h"
#include "harness/worker/moves.h"
#include "harness/worker/queue.h"
#include "harness/worker/samples.h"
#include "harness/worker/schedule.h"

/* One instance, or one arrival, of the wave is done with; or one thread has started. */
static void settle(struct pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->remaining, 1, memory_order_acq_rel) == 1) {
        futex_wake(&pool->remaining, 1);
    }
}

/* To where its next turn shall run. */
static void dispatch(struct pool_thread *thread, struct instance *instance)
{
    struct pool *pool = thread->pool;
    if (pool->keeper != NULL) {
        uint32_t proposed = instance_migrate(pool->driver, instance, pool->thread_count);
        moves_give(pool, proposed, instance);
    } else if (instance->home == thread->index) {
        queue_ready(thread, instance);
    } else {
        queue_send(&pool->threads[instance->home], instance);
    }
}

/* Lets it wait until its timer is due. */
static void put_by(struct pool_thread *thread, struct instance *instance)
{
    struct pool_thread *keeper = thread->pool->keeper;
    if (keeper != NULL) {
        queue_send(keeper, instance);
    } else {
        timers_add(&thread->timers, &instance->timer);
    }
}

static void free_instance(struct pool_thread *thread, struct instance *instance)
{
    instance->next = thread->free_list;
    thread->free_list = instance;
}

/* In the stages each instance asks before each cycle whether it is active. */
static void begin_when_active(struct pool_thread *thread, struct instance *instance)
{
    struct pool *pool = thread->pool;
    uint64_t begun = pool->wave.begun;
    uint64_t now = clock_now();
    uint64_t offset = schedule_activation(&pool->driver->scenario->load, instance->number,
                                          now > begun ? now - begun : 0);
    if (offset == SCHEDULE_NEVER) {
        settle(pool);
    } else if (begun + offset <= now) {
        dispatch(thread, instance);
    } else {
        instance->timer.due = begun + offset;
        put_by(thread, instance);
    }
}

static void cycle_ended(struct pool_thread *thread, struct instance *instance)
{
    struct pool *pool = thread->pool;
    const struct wave *wave = &pool->wave;
    if (wave->kind == WAVE_STAGES) {
        begin_when_active(thread, instance);
    } else if (wave->kind == WAVE_ARRIVALS) {
        instance->free = clock_now();
        if (instance->home == thread->index) {
            free_instance(thread, instance);
        } else {
            queue_send(&pool->threads[instance->home], instance);
        }
        settle(pool);
    } else if (--instance->left == 0 || (wave->end != 0 && clock_now() >= wave->end)) {
        settle(pool);
    } else {
        dispatch(thread, instance);
    }
}

static void run(struct pool_thread *thread, struct instance *instance)
{
    struct pool *pool = thread->pool;
    struct driver *driver = pool->driver;
    struct racers *racers = thread->racers.count > 0 ? &thread->racers : NULL;
    enum turn turn;
    if (pool->fresh) {
        turn = fresh_turn(driver, &thread->lane, racers, instance, !driver->promises.migrates);
    } else {
        turn = instance_turn(driver, &thread->lane, racers, instance);
    }
    moves_turn_over(thread);
    if (turn == TURN_ENDED) {
        cycle_ended(thread, instance);
    } else if (turn == TURN_HOLD) {
        put_by(thread, instance);
    } else {
        dispatch(thread, instance);
    }
}

static void begin_instance(struct pool_thread *thread, struct instance *instance)
{
    const struct wave *wave = &thread->pool->wave;
    instance->left = wave->cycles;
    if (wave->kind == WAVE_STAGES) {
        begin_when_active(thread, instance);
    } else if (wave->stagger != 0) {
        uint64_t bits = prf(thread->pool->driver->plan->seed, PRF_STAGGER, instance->number, 0, 0);
        instance->timer.due = wave->begun + prf_below(bits, wave->stagger);
        if (wave->end != 0 && instance->timer.due >= wave->end) {
            settle(thread->pool);
        } else {
            put_by(thread, instance);
        }
    } else {
        dispatch(thread, instance);
    }
}

/* No wave can end, and so none can be missed, before all threads with residents have seen it. */
static void look_for_wave(struct pool_thread *thread)
{
    struct pool *pool = thread->pool;
    if (thread->residents == 0 || pool->arrivals) {
        return;
    }
    uint32_t generation = atomic_load_explicit(&pool->generation, memory_order_acquire);
    if (generation == thread->generation) {
        return;
    }
    thread->generation = generation;
    if (pool->wave.gated) {
        uint32_t parties =
            pool->population < pool->thread_count ? pool->population : pool->thread_count;
        gate_pass(&pool->gate, parties, generation);
    }
    for (uint32_t i = thread->index; i < pool->population; i += pool->thread_count) {
        begin_instance(thread, &pool->instances[i]);
    }
}

/* An instance that comes home between two cycles of an open model is free. To the keeper come only
 * such ones, and those that wait for their timer. */
static void look_into_inbox(struct pool_thread *thread)
{
    struct instance *instance = queue_receive(thread);
    while (instance != NULL) {
        struct instance *next = instance->next;
        if (thread->pool->arrivals && !instance->begun && instance->intended == 0) {
            free_instance(thread, instance);
        } else if (thread == thread->pool->keeper) {
            timers_add(&thread->timers, &instance->timer);
        } else {
            queue_ready(thread, instance);
        }
        instance = next;
    }
}

static void look_at_clock(struct pool_thread *thread)
{
    if (thread->timers.root == NULL) {
        return;
    }
    uint64_t now = clock_now();
    struct timer *timer;
    while ((timer = timers_take(&thread->timers, now)) != NULL) {
        dispatch(thread, (struct instance *)(void *)timer);
    }
}

/* One arrival in each round of the loop: other threads may have free instances too. */
static void look_for_arrival(struct pool_thread *thread)
{
    struct pool *pool = thread->pool;
    struct instance *instance = thread->free_list;
    if (instance == NULL) {
        return;
    }
    uint64_t taken = atomic_load_explicit(&pool->taken, memory_order_relaxed);
    do {
        if (taken >= atomic_load_explicit(&pool->due, memory_order_acquire)) {
            return;
        }
    } while (!atomic_compare_exchange_weak(&pool->taken, &taken, taken + 1));
    thread->free_list = instance->next;
    instance->intended = pool->wave.begun + schedule_arrival(&pool->driver->scenario->load, taken);
    dispatch(thread, instance);
}

void *turns_main(void *argument)
{
    struct pool_thread *thread = argument;
    lane_enter(&thread->lane);
    last_words_thread_begin();
    samples_fill_cache();
    racers_wait(&thread->racers);
    settle(thread->pool);
    while (!atomic_load_explicit(&thread->pool->stop, memory_order_acquire)) {
        look_for_wave(thread);
        look_into_inbox(thread);
        look_at_clock(thread);
        look_for_arrival(thread);
        struct instance *instance = thread->shares ? moves_take(thread) : queue_take(thread);
        if (instance != NULL) {
            run(thread, instance);
        } else {
            queue_sleep(thread);
        }
    }
    last_words_thread_end();
    return NULL;
}

void *turns_keep(void *argument)
{
    struct pool_thread *keeper = argument;
    while (!atomic_load_explicit(&keeper->pool->stop, memory_order_acquire)) {
        look_into_inbox(keeper);
        look_at_clock(keeper);
        look_for_arrival(keeper);
        queue_sleep(keeper);
    }
    return NULL;
}
