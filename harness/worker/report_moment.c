/* SPDX-License-Identifier: MIT
 *
 * The hooks that the sanitizers' runtimes call before they write a report, with the error known and
 * its stack taken, but nothing named yet. Without such a runtime nobody calls them.
 */
#include "harness/worker/report_moment.h"

#include "harness/worker/descriptor_stacks.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The runtimes are shared libraries: they must find these in the executable. */
#define HOOK __attribute__((visibility("default"))) UNWATCHED

HOOK void __asan_on_error(void);
HOOK void __ubsan_on_report(void);

static struct logbook *book;

void report_moment_watch(struct logbook *logbook)
{
    book = logbook;
}

/* By a system call: what the runtime puts in the place of clock_gettime(2) is not for here. */
UNWATCHED static void note(void)
{
    struct timespec now;
    if (book != NULL && syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0) {
        atomic_store_explicit(&book->reported,
                              (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec,
                              memory_order_release);
    }
}

HOOK void __asan_on_error(void)
{
    note();
}

HOOK void __ubsan_on_report(void)
{
    note();
}
