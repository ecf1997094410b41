/* SPDX-License-Identifier: MIT
 *
 * Spins shortly, because a sleeper starts tens of microseconds late, then sleeps, because there may
 * be more threads than processors.
 */
#include "harness/worker/gate.h"

#include "harness/worker/futex.h"

#define SPINS 2000

static int is_open(struct gate *gate, uint32_t generation)
{
    return atomic_load_explicit(&gate->opened, memory_order_acquire) >= generation;
}

void gate_pass(struct gate *gate, uint32_t parties, uint32_t generation)
{
    if (atomic_fetch_add_explicit(&gate->arrived, 1, memory_order_acq_rel) + 1 == parties) {
        atomic_store_explicit(&gate->arrived, 0, memory_order_relaxed);
        gate->time = clock_now();
        atomic_store_explicit(&gate->opened, generation, memory_order_release);
        futex_wake(&gate->opened, INT_MAX);
        return;
    }
    for (int i = 0; i < SPINS; i++) {
        if (is_open(gate, generation)) {
            return;
        }
        __builtin_ia32_pause();
    }
    while (!is_open(gate, generation)) {
        futex_wait(&gate->opened, generation - 1, 0);
    }
}
