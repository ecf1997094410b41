/* SPDX-License-Identifier: MIT
 *
 * Instants in nanoseconds on CLOCK_MONOTONIC, and deadlines made of them.
 */
#ifndef ADAPTERS_CLOCK_H
#define ADAPTERS_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/** A deadline that never comes. */
#define NEVER UINT64_MAX

static inline uint64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/** The deadline of a call that begins now; 0 means none, as in the client contract. */
static inline uint64_t deadline_after(uint64_t timeout_ns)
{
    uint64_t deadline;
    return timeout_ns == 0 || __builtin_add_overflow(clock_ns(), timeout_ns, &deadline) ? NEVER
                                                                                        : deadline;
}

/** Milliseconds left, rounded up, at most a day; 0 if the deadline has come. */
static inline int deadline_left_ms(uint64_t deadline)
{
    uint64_t now = clock_ns();
    uint64_t left = deadline > now ? deadline - now : 0;
    const uint64_t most = 24 * 3600 * NS_PER_S;
    return (int)(((left < most ? left : most) + NS_PER_MS - 1) / NS_PER_MS);
}

#endif
