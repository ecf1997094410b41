/* SPDX-License-Identifier: MIT
 *
 * Timers of one thread: a binary heap, ordered by when they are due. A timer is embedded in what it
 * belongs to, and is in one heap at most.
 */
#ifndef TARGET_TIMER_H
#define TARGET_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
    uint64_t due; /**< ns, monotonic */
    size_t place; /**< index in the heap + 1; 0: not set */
    void (*fire)(struct timer *timer);
};

struct timers {
    struct timer **heap;
    size_t count;
    size_t capacity;
};

/** Sets the timer, or moves it if it is set. timer->fire must be there. -1 without memory. */
int timers_set(struct timers *timers, struct timer *timer, uint64_t due);

/** Takes the timer out; nothing if it is not set. */
void timers_cancel(struct timers *timers, struct timer *timer);

/** When the first is due; UINT64_MAX: none is set. */
uint64_t timers_next(const struct timers *timers);

/** Takes out and fires all that are due at the instant now. fire may set and cancel any timer. */
void timers_run(struct timers *timers, uint64_t now);

/** Frees the heap; no timer is set afterwards. */
void timers_release(struct timers *timers);

#endif
