/* SPDX-License-Identifier: MIT
 *
 * Timers of one thread: a pairing heap whose nodes lie in the things that wait, so that nothing is
 * ever allocated. Only the owning thread calls.
 */
#ifndef WORKER_TIMERS_H
#define WORKER_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
    uint64_t due; /**< ns, monotonic */
    struct timer *child;
    struct timer *sibling;
};

/** Zeroed, it is empty. */
struct timers {
    struct timer *root;
};

/** Adds a timer whose due is set; it must stay where it is until taken. */
void timers_add(struct timers *timers, struct timer *timer);

/** Takes the earliest timer if it is due at the instant now; else NULL. */
struct timer *timers_take(struct timers *timers, uint64_t now);

/** When the earliest is due; 0 if there is none. */
static inline uint64_t timers_next(const struct timers *timers)
{
    return timers->root == NULL ? 0 : timers->root->due;
}

#endif
