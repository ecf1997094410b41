/* SPDX-License-Identifier: MIT
 *
 * Waiting on one 32-bit word: futex(2). The words' own atomic operations carry the memory order;
 * a wait may return early for no reason, so every caller checks its condition again.
 */
#ifndef WORKER_FUTEX_H
#define WORKER_FUTEX_H

#include "harness/base/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/** Sleeps while *word is value, at most until the monotonic instant `until` (0: without end). */
static inline void futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t until)
{
    struct timespec end = clock_timespec(until);
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, until == 0 ? NULL : &end, NULL,
                  FUTEX_BITSET_MATCH_ANY);
}

/** Wakes at most count sleepers of the word. */
static inline void futex_wake(_Atomic uint32_t *word, int count)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#endif
