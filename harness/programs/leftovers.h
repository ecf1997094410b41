/* SPDX-License-Identifier: MIT
 *
 * Processes that a program started and that outlive it. This process is their nearest subreaper: an
 * orphan, however often it forked, becomes a child of ours, and nothing but us can reap it. So a
 * pid that is in the list of our children is safe to signal.
 *
 * Whose an orphan is tells its process group, its session, or a variable that each program finds in
 * its environment.
 */
#ifndef PROGRAMS_LEFTOVERS_H
#define PROGRAMS_LEFTOVERS_H

#include "harness/base/buffer.h"
#include "harness/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Bytes of a mark. */
#define LEFTOVERS_MARK 48

/** The value of PROGRAM_VARIABLE for the process with that number, of this driver. */
void leftovers_mark(uint32_t process, char mark[LEFTOVERS_MARK]);

/** An orphan that lives. */
struct orphan {
    pid_t pid;
    pid_t group;
    pid_t session;
    uint32_t process; /**< by its mark; 0: it has none of ours */
    uint64_t born;    /**< ns: not later */
};

/** Children that are about to end by themselves are not left behind: so long they have, in ns. */
#define OWN_END (500 * NS_PER_MS)

#define LEFTOVERS_MOST 4096U

/** Reaps orphans that are dead, and lists those that live, at most `most`. is_own tells the main
 *  processes of programs, which are left alone. Returns how many there are. *unsure: some were
 *  dying, and nobody knows yet whose they were and what they leave. */
size_t leftovers_find(bool (*is_own)(const void *context, pid_t pid), const void *context,
                      struct orphan *orphans, size_t most, bool *unsure);

/** Adds "PID NAME: COMMAND LINE", one line. */
void leftovers_tell(const struct orphan *orphan, struct buffer *text);

/** Sends the signal to the orphan and to its process group, if that is not this process's. */
void leftovers_signal(const struct orphan *orphan, int signal);

#endif
