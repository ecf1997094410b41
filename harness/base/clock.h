/* SPDX-License-Identifier: MIT
 *
 * Time. Durations and instants are uint64_t nanoseconds; instants are on CLOCK_MONOTONIC
 * (clock_gettime(2)), which all processes of one machine share: flight records, ledger entries and
 * the controller's own times can be compared directly.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/** Now, on the monotonic clock. Never 0. */
static inline uint64_t clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/** An instant on the monotonic clock as a timespec, for pthread_cond_timedwait and the like. */
static inline struct timespec clock_timespec(uint64_t instant)
{
    struct timespec value = {(time_t)(instant / NS_PER_S), (long)(instant % NS_PER_S)};
    return value;
}

/** CPU time of this process so far. Any thread. */
uint64_t clock_process_cpu(void);

/** Writes the wall clock's now as RFC 3339 in UTC: "2026-11-22T01:42:21Z". capacity >= 21. */
void clock_rfc3339(char *text, size_t capacity);

/** The same in the form that file names take: "20261122T014221Z". capacity >= 17. */
void clock_file_stamp(char *text, size_t capacity);

#endif
