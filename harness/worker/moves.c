/* SPDX-License-Identifier: MIT
 *
 * Decides which thread runs a turn of a migrating instance: the proposed one, unless it is busy.
 */
#include "harness/worker/moves.h"

#include "harness/worker/queue.h"

static void put(struct pool_thread *to, struct instance *instance)
{
    instance->next = NULL;
    (void)pthread_mutex_lock(&to->lock);
    *to->waiting_end = instance;
    to->waiting_end = &instance->next;
    (void)atomic_fetch_add(&to->waits, 1);
    (void)pthread_mutex_unlock(&to->lock);
}

static struct instance *get(struct pool_thread *from)
{
    if (atomic_load(&from->waits) == 0) {
        return NULL;
    }
    (void)pthread_mutex_lock(&from->lock);
    struct instance *instance = from->waiting;
    if (instance != NULL) {
        from->waiting = instance->next;
        if (from->waiting == NULL) {
            from->waiting_end = &from->waiting;
        }
        (void)atomic_fetch_sub(&from->waits, 1);
    }
    (void)pthread_mutex_unlock(&from->lock);
    return instance;
}

/* A thread that slept and must now be roused, or NULL. The first after `near`. */
static struct pool_thread *claim_any(struct pool *pool, uint32_t near)
{
    if (atomic_load(&pool->idle) == 0) {
        return NULL;
    }
    for (uint32_t i = 1; i <= pool->thread_count; i++) {
        struct pool_thread *thread = &pool->threads[(near + i) % pool->thread_count];
        if (queue_claim(thread)) {
            return thread;
        }
    }
    return NULL;
}

static void rouse_any(struct pool *pool, uint32_t near)
{
    struct pool_thread *thread = claim_any(pool, near);
    if (thread != NULL) {
        queue_rouse(thread);
    }
}

void moves_give(struct pool *pool, uint32_t proposed, struct instance *instance)
{
    struct pool_thread *to = &pool->threads[proposed];
    bool claimed = queue_claim(to);
    if (!claimed && atomic_load(&to->runs)) {
        struct pool_thread *sleeper = claim_any(pool, proposed);
        claimed = sleeper != NULL;
        to = claimed ? sleeper : to;
    }
    put(to, instance);
    /* Meanwhile it may have fallen asleep, or begun a turn. */
    if (claimed || queue_claim(to)) {
        queue_rouse(to);
    } else if (atomic_load(&to->runs)) {
        rouse_any(pool, proposed);
    }
}

/* Whether some instance waits behind a turn. */
static bool some_are_stuck(const struct pool *pool)
{
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        const struct pool_thread *thread = &pool->threads[i];
        if (atomic_load(&thread->waits) != 0 && atomic_load(&thread->runs)) {
            return true;
        }
    }
    return false;
}

struct instance *moves_take(struct pool_thread *thread)
{
    struct pool *pool = thread->pool;
    struct instance *instance = get(thread);
    for (uint32_t i = 1; instance == NULL && i < pool->thread_count; i++) {
        struct pool_thread *other = &pool->threads[(thread->index + i) % pool->thread_count];
        if (atomic_load(&other->runs)) {
            instance = get(other);
        }
    }
    if (instance != NULL) {
        atomic_store(&thread->runs, true);
        /* Whoever was roused for another instance may have taken this one. */
        if (atomic_load(&pool->idle) != 0 && some_are_stuck(pool)) {
            rouse_any(pool, thread->index);
        }
    }
    return instance;
}

void moves_turn_over(struct pool_thread *thread)
{
    atomic_store_explicit(&thread->runs, false, memory_order_release);
}

bool moves_waiting(const struct pool_thread *thread)
{
    return atomic_load(&thread->waits) != 0 || some_are_stuck(thread->pool);
}
