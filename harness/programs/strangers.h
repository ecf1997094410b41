/* SPDX-License-Identifier: MIT
 *
 * Orphans of which nothing says whose they are: since when each has been seen, and what is told of
 * those that stay.
 */
#ifndef PROGRAMS_STRANGERS_H
#define PROGRAMS_STRANGERS_H

#include "harness/base/failure.h"
#include "harness/programs/leftovers.h"
#include "harness/watch/program_log.h"

/** One that was there at the last look. */
struct stranger {
    pid_t pid;
    bool told;
    uint64_t born; /**< with the pid: another process is another one */
    uint64_t since;
};

/** Both looks, this one and the last. A zeroed one is safe to close. */
struct strangers {
    struct stranger *now;
    struct stranger *before;
    size_t now_count;
    size_t before_count;
    uint32_t told; /**< in the log; more than some are only counted */
};

/** Fails with FAILURE_ENVIRONMENT: no memory. */
int strangers_open(struct strangers *strangers, struct failure *failure);

void strangers_close(struct strangers *strangers);

/** A look at all orphans begins. */
void strangers_begin(struct strangers *strangers);

/** The orphan is there, and none of its possible owners any more: for how long, in ns. At most
 *  LEFTOVERS_MOST of them in one look. */
uint64_t strangers_wait(struct strangers *strangers, const struct orphan *orphan, uint64_t now);

/** Writes into the log, once for each, that the orphan was left by one of so many programs; among
 * 0: only counts it, since they may have had no chance to end it. Only after strangers_wait for it
 * in this look. */
void strangers_tell(struct strangers *strangers, const struct orphan *orphan, uint32_t among,
                    struct program_log *log);

#endif
