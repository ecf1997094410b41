/* SPDX-License-Identifier: MIT
 *
 * Ready lists, inboxes and sleep.
 *
 * A sleeper announces itself and then looks again for work; a waker makes the work visible and then
 * looks for sleepers. Both in sequentially consistent order: one of the two sees the other.
 */
#include "harness/worker/queue.h"

#include "harness/worker/futex.h"
#include "harness/worker/moves.h"

void queue_ready(struct pool_thread *thread, struct instance *instance)
{
    instance->next = NULL;
    *thread->ready_end = instance;
    thread->ready_end = &instance->next;
}

struct instance *queue_take(struct pool_thread *thread)
{
    struct instance *instance = thread->ready;
    if (instance != NULL) {
        thread->ready = instance->next;
        if (thread->ready == NULL) {
            thread->ready_end = &thread->ready;
        }
    }
    return instance;
}

void queue_send(struct pool_thread *to, struct instance *instance)
{
    struct instance *newest = atomic_load_explicit(&to->inbox, memory_order_relaxed);
    do {
        instance->next = newest;
    } while (!atomic_compare_exchange_weak(&to->inbox, &newest, instance));
    queue_wake(to);
}

struct instance *queue_receive(struct pool_thread *thread)
{
    if (atomic_load_explicit(&thread->inbox, memory_order_relaxed) == NULL) {
        return NULL;
    }
    struct instance *newest = atomic_exchange_explicit(&thread->inbox, NULL, memory_order_acquire);
    struct instance *oldest = NULL;
    while (newest != NULL) {
        struct instance *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

bool queue_claim(struct pool_thread *thread)
{
    uint32_t sleeps = SLEEPS;
    if (atomic_load(&thread->sleeps) != SLEEPS ||
        !atomic_compare_exchange_strong(&thread->sleeps, &sleeps, SLEEPS_NOT)) {
        return false;
    }
    (void)atomic_fetch_sub(&thread->pool->idle, 1);
    return true;
}

void queue_rouse(struct pool_thread *thread)
{
    (void)atomic_fetch_add(&thread->wakes, 1);
    futex_wake(&thread->wakes, 1);
}

void queue_wake(struct pool_thread *thread)
{
    if (atomic_load(&thread->sleeps) != SLEEPS_NOT) {
        queue_rouse(thread);
    }
}

static bool has_work(struct pool_thread *thread)
{
    struct pool *pool = thread->pool;
    if (atomic_load(&thread->inbox) != NULL || atomic_load(&pool->stop)) {
        return true;
    }
    if (thread->shares && moves_waiting(thread)) {
        return true;
    }
    if (pool->arrivals) {
        return thread->free_list != NULL && atomic_load(&pool->taken) < atomic_load(&pool->due);
    }
    return thread->residents > 0 && atomic_load(&pool->generation) != thread->generation;
}

void queue_sleep(struct pool_thread *thread)
{
    uint32_t wakes = atomic_load(&thread->wakes);
    if (thread->shares) {
        (void)atomic_fetch_add(&thread->pool->idle, 1);
    }
    atomic_store(&thread->sleeps, thread->free_list != NULL ? SLEEPS_WITH_FREE : SLEEPS);
    if (!has_work(thread)) {
        futex_wait(&thread->wakes, wakes, timers_next(&thread->timers));
    }
    if (!thread->shares) {
        atomic_store(&thread->sleeps, SLEEPS_NOT);
    } else {
        (void)queue_claim(thread);
    }
}
