/* SPDX-License-Identifier: MIT
 *
 * Deadlines: instants in nanoseconds on CLOCK_MONOTONIC, so that setting the wall clock changes
 * nothing.
 */
#ifndef H2_DEADLINE_H
#define H2_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define H2_NS_PER_MS UINT64_C(1000000)
#define H2_NS_PER_S UINT64_C(1000000000)

/** A deadline that never comes. */
#define H2_NEVER UINT64_MAX

static inline uint64_t h2_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * H2_NS_PER_S + (uint64_t)now.tv_nsec;
}

/** The deadline of a call that begins now; 0 means none, as in the client contract. */
static inline uint64_t h2_deadline(uint64_t timeout_ns)
{
    uint64_t deadline;
    if (timeout_ns == 0 || __builtin_add_overflow(h2_now(), timeout_ns, &deadline)) {
        return H2_NEVER;
    }
    return deadline;
}

static inline bool h2_expired(uint64_t deadline)
{
    return deadline != H2_NEVER && h2_now() >= deadline;
}

static inline uint64_t h2_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline struct timespec h2_timespec(uint64_t ns)
{
    struct timespec value = {(time_t)(ns / H2_NS_PER_S), (long)(ns % H2_NS_PER_S)};
    return value;
}

#endif
