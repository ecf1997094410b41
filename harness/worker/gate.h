/* SPDX-License-Identifier: MIT
 *
 * A gate: threads that arrive wait for each other and then start as tightly together as the
 * machine allows.
 */
#ifndef WORKER_GATE_H
#define WORKER_GATE_H

#include <stdatomic.h>
#include <stdint.h>

/** Zeroed, it is closed and ready. */
struct gate {
    _Alignas(64) _Atomic uint32_t arrived;
    _Alignas(64) _Atomic uint32_t opened; /**< the newest generation that may pass */
    uint64_t time;                        /**< ns: when it opened; to be read after gate_pass */
};

/** Waits until `parties` threads have called it with the same generation. Generations count up from
 *  1; the next one may begin only when all parties of the one before have arrived. */
void gate_pass(struct gate *gate, uint32_t parties, uint32_t generation);

#endif
