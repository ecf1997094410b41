/* SPDX-License-Identifier: MIT
 *
 * Takes the stacks of a process whose threads stand still, in two steps: what needs the process
 * while it stands, then the names, for which it may go on or die.
 */
#ifndef WATCH_STACKS_CAPTURE_H
#define WATCH_STACKS_CAPTURE_H

#include "harness/watch/stacks_modules.h"
#include "harness/watch/stacks_threads.h"
#include "harness/watch/stacks_unwind.h"

struct stacks_capture {
    struct stacks_modules modules;
    struct stacks_raw *raws; /**< one for each of stacks.threads */
    struct thread_stacks stacks;
};

/** What signal the thread, which is stopped for its delivery, is about to get. */
void stacks_signal_read(struct stack_signal *signal, pid_t tid);

/** Walks all stopped threads. first: whose stack comes first, with its registers and its signal;
 *  0 for none. Fills *capture, which must be zeroed; what could not be had, its note tells. */
void stacks_capture_walk(struct stacks_capture *capture, const struct stacks_tracer *tracer,
                         pid_t first);

/** Names what was found and hands it over into *stacks, which must be empty. */
void stacks_capture_name(struct stacks_capture *capture, struct stacks_symbols *symbols,
                         struct thread_stacks *stacks);

/** Frees what is left. */
void stacks_capture_release(struct stacks_capture *capture);

#endif
