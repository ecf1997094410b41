/* SPDX-License-Identifier: MIT
 *
 * The pool: threads that run the turns of instances, and the population of instances.
 *
 * Work is done in waves. In a wave each instance runs a number of cycles, or cycles begin as an
 * outside schedule says; the wave is over when all its cycles have ended: then every instance is
 * freed and every thread sleeps. A thread holds no lock while it runs a turn, and a turn allocates
 * nothing. Each thread has its queue of ready instances, first in first out, and its timers; only
 * instances that change threads pass through the inbox of their next one.
 *
 * Where instances migrate, a turn must not wait behind the turn of another instance while a thread
 * has nothing to do. So they wait in lists from which every thread may take (moves.h), and what
 * waits for something else than a thread is kept by one that runs no turns, the keeper: instances
 * that wait for a time, and in an open model those that wait for an arrival.
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "harness/worker/gate.h"
#include "harness/worker/instance.h"
#include "harness/worker/racers.h"

#include <pthread.h>
#include <stdatomic.h>

enum wave_kind {
    WAVE_CYCLES = 0, /**< each instance runs `cycles` cycles */
    WAVE_STAGES,     /**< each instance runs cycles while load.stages has it active */
    WAVE_ARRIVALS    /**< cycles begin when pool_arrive says so, on any free instance */
};

struct wave {
    enum wave_kind kind;
    bool gated;       /**< CYCLES: all threads begin together */
    uint64_t cycles;  /**< CYCLES */
    uint64_t begun;   /**< ns; ARRIVALS: the instant from which the schedule's offsets count */
    uint64_t end;     /**< ns: no cycle begins from then on; 0: no such time */
    uint64_t stagger; /**< ns: CYCLES begin spread over this time */
};

struct pool;

struct pool_thread {
    _Alignas(64) struct pool *pool;
    uint32_t index;
    uint32_t residents;  /**< instances at home here */
    uint32_t generation; /**< of the newest wave that it knows */
    struct instance *ready;
    struct instance **ready_end; /**< where the next one is linked */
    struct timers timers;
    struct instance *free_list; /**< residents that wait for an arrival */
    bool shares;                /**< runs turns of migrating instances */
    struct lane lane;
    struct racers racers;
    pthread_t thread;
    _Alignas(64) pthread_mutex_t lock;           /**< of the list of waiting ones: moves.h */
    struct instance *waiting;                    /**< first in, first out */
    struct instance **waiting_end;               /**< where the next one is linked */
    _Atomic uint32_t waits;                      /**< length of the list */
    _Atomic bool runs;                           /**< in the middle of a turn */
    _Alignas(64) struct instance *_Atomic inbox; /**< newest first; any thread adds */
    _Atomic uint32_t wakes;  /**< futex word: counts what may interest a sleeper */
    _Atomic uint32_t sleeps; /**< enum sleeps */
};

struct pool {
    struct driver *driver;
    struct pool_thread *threads;
    uint32_t thread_count;
    struct pool_thread *keeper; /**< where instances migrate, else NULL; not among thread_count */
    struct instance *instances;
    uint32_t population;
    uint32_t *loops;         /**< of all instances */
    unsigned char *sessions; /**< of all instances, or NULL */
    uint64_t *free;          /**< room for rounds.c: an instant of each instance; or NULL */
    bool arrivals;           /**< waves are WAVE_ARRIVALS */
    bool fresh;              /**< load.fresh_threads */
    struct wave wave;        /**< changed only while every thread sleeps */
    struct gate gate;
    _Alignas(64) _Atomic uint32_t generation; /**< of the newest wave */
    _Atomic bool stop;
    _Alignas(64) _Atomic uint32_t remaining; /**< futex word: instances, or arrivals, that the wave
                                                waits for; before the first: threads */
    _Alignas(64) _Atomic uint32_t idle;      /**< threads that sleep and were not claimed, where
                                                instances migrate */
    _Alignas(64) _Atomic uint64_t due;       /**< arrivals that should have begun */
    _Atomic uint64_t taken;                  /**< of these, have begun or were dropped */
};

/** Makes instances, threads and racers, and waits until these sleep: what a thread opens and
 *  allocates as it starts is no business of the first resource sample's. Fails with
 * FAILURE_ENVIRONMENT; nothing is then left. */
int pool_init(struct pool *pool, struct driver *driver, struct failure *failure);

/** Ends and joins all threads and frees everything; between waves. A zeroed pool is allowed. */
void pool_release(struct pool *pool);

/** Begins a wave. For the main thread, as all that follows. */
void pool_begin(struct pool *pool, const struct wave *wave);

/** Says that one more cycle is due now (WAVE_ARRIVALS); the k-th call is the k-th arrival of the
 *  schedule. */
void pool_arrive(struct pool *pool);

/** Gives up the arrivals that no instance has begun, and says how many. */
uint64_t pool_drop(struct pool *pool);

/** Waits until all cycles of the wave have ended, at most until the instant `end` (0: without
 *  end). */
void pool_wait(struct pool *pool, uint64_t end);

#endif
