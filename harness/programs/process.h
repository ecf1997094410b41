/* SPDX-License-Identifier: MIT
 *
 * One process of the program, from its start until nothing of it lives any more.
 *
 * It has a session of its own, /dev/null for input, its output in bounded pipes. Its main process
 * stays a zombie until its orphans are gone: so its pid is not given away, and the orphans' group
 * and session still say whose they are.
 */
#ifndef PROGRAMS_PROCESS_H
#define PROGRAMS_PROCESS_H

#include "harness/programs/binary.h"
#include "harness/programs/leftovers.h"
#include "harness/programs/population.h"
#include "harness/scenario/plan.h"
#include "harness/watch/child.h"
#include "harness/watch/output.h"
#include "harness/watch/program_log.h"
#include "harness/watch/tracing.h"

#include <signal.h>

/** What all processes of a trial share. */
struct process_setup {
    const struct plan *plan;
    const char *path; /**< of the program */
    struct binary binary;
    struct tracing *tracing;
    const char *const *environment; /**< of this process */
    const char *folder;             /**< for the logs of sanitizers */
    const sigset_t *mask;           /**< for the program */
    uint64_t descriptors;           /**< limit for the program */
    uint64_t output_bytes;          /**< kept of each of its streams */
};

enum process_state {
    PROCESS_NONE = 0,
    PROCESS_RUNNING,
    PROCESS_SETTLING, /**< its main process is dead */
    PROCESS_SETTLED   /**< nothing of it lives */
};

struct process {
    enum process_state state;
    struct turn turn;
    struct child child;
    struct worker_tracing tracing;
    struct output out;
    struct output err;
    struct program_end end; /**< filled as it goes */
    uint64_t peak_rss;
    uint64_t sampled;       /**< ns: when the last sample was taken */
    uint32_t sample_stride; /**< looks for each sample that is kept */
    uint32_t looks;
    uint64_t asked; /**< ns: when leftovers got SIGTERM; 0: not yet */
    uint64_t settled;
};

/** Starts the process for a turn. number: its own in the trial; port: that it is told. Fails with
 *  FAILURE_ENVIRONMENT or FAILURE_USAGE; it is NONE then. */
int process_start(struct process *process, const struct process_setup *setup,
                  const struct turn *turn, uint32_t number, uint16_t port, struct failure *failure);

/** Takes its output, notices its death. */
void process_watch(struct process *process, uint64_t now);

/** Looks at it from outside: memory, descriptors, threads. connections: that the target has seen.
 *  Returns its resident bytes. */
uint64_t process_sample(struct process *process, uint32_t connections, uint64_t now);

/** Ends it: SIGTERM (for want of memory SIGKILL), and process_press later. with_stacks: the stacks
 *  of its threads are taken first. */
void process_stop(struct process *process, enum program_stop why, bool with_stacks, uint64_t now);

/** SIGKILL when it was stopped and did not obey in time. */
void process_press(struct process *process, uint64_t now);

/** Looks after the orphans that are its own, out of all there are (unsure: and perhaps some more);
 * it is SETTLED when none is left, or when they cannot be killed. Only while it is SETTLING. */
void process_settle(struct process *process, const struct orphan *orphans, size_t count,
                    bool unsure, uint64_t now);

/** True if the orphan is one of its own. */
bool process_owns(const struct process *process, const struct orphan *orphan);

/** Frees what it holds; it is NONE then. Only one that is SETTLED or was never started. */
void process_release(struct process *process);

#endif
