/* SPDX-License-Identifier: MIT
 *
 * The flight recorder: what each thread of the worker did last. A ring of fixed-size records for
 * each thread, in shared memory: it survives SIGKILL of its process.
 *
 * Writing costs one clock reading and one 32-byte store; there is no lock and no shared cache line.
 * A reader in another process may look at any time: it reads head first, then the records before
 * it, and must expect the oldest ones to be overwritten meanwhile.
 */
#ifndef BASE_FLIGHT_H
#define BASE_FLIGHT_H

#include "harness/base/clock.h"

#include <stdatomic.h>
#include <stdint.h>

/** The operations of an instance. */
enum flight_operation {
    FLIGHT_NONE = 0,
    FLIGHT_CREATE,
    FLIGHT_OPEN,
    FLIGHT_REQUEST,
    FLIGHT_PING,
    FLIGHT_CLOSE,
    FLIGHT_FREE,
    FLIGHT_EXPORT,
    FLIGHT_IMPORT,
    FLIGHT_INIT,    /**< process-wide */
    FLIGHT_CLEANUP, /**< process-wide */
    FLIGHT_HOLD,
    FLIGHT_RUN, /**< of an external program, one process */
    FLIGHT_OPERATIONS
};

enum flight_edge { FLIGHT_BEGIN = 0, FLIGHT_END = 1 };

struct flight_record {
    uint64_t time;       /**< ns, monotonic */
    uint32_t instance;   /**< client number in the population, from 0 */
    uint32_t cycle;      /**< from 0 */
    uint32_t connection; /**< ordinal of the connect in this trial as the driver counts, from 1; 0:
                            none yet */
    uint16_t step;       /**< index in the flattened scenario steps */
    uint8_t operation;   /**< enum flight_operation */
    uint8_t edge;        /**< enum flight_edge */
    int32_t result;      /**< at the end: 0, or phase * 256 + class of the error */
    int32_t fd;          /**< of the connection; -1 not known */
};

_Static_assert(sizeof(struct flight_record) == 32, "two records a cache line");

#define FLIGHT_RING 1024U /* a power of two */

struct flight_ring {
    _Atomic uint64_t head; /**< records ever written; the next goes to head % FLIGHT_RING */
    struct flight_record records[FLIGHT_RING];
};

/** Appends one record, whose time must be set. Only the ring's own thread. */
static inline void flight_write(struct flight_ring *ring, const struct flight_record *record)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    ring->records[head % FLIGHT_RING] = *record;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

/** "request", "close", ...; "?" for a number out of range (a dying client may scribble). */
const char *flight_operation_name(unsigned operation);

#endif
