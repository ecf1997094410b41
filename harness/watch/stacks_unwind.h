/* SPDX-License-Identifier: MIT
 *
 * Walks the stacks of stopped threads: from registers and memory to program counters. Names come
 * later (stacks_symbols.h), when the process need not stand still any more.
 */
#ifndef WATCH_STACKS_UNWIND_H
#define WATCH_STACKS_UNWIND_H

#include "harness/base/failure.h"
#include "harness/watch/stack.h"
#include "harness/watch/stacks_modules.h"
#include "harness/watch/stacks_registers.h"

/** A stack without names. */
struct stacks_raw {
    uint64_t pcs[STACK_FRAMES]; /**< innermost first */
    bool exact[STACK_FRAMES];   /**< as in struct stack_frame */
    uint32_t count;
    bool truncated; /**< the ceiling was reached */
    bool broken;    /**< the unwinder lost its way */
};

/** One session for one process while it stands still. */
struct stacks_unwinder;

/** Opens a session for the process of a living thread, any one. modules must outlive it and
 *  describe the process as it is. NULL with FAILURE_ENVIRONMENT when it cannot. */
struct stacks_unwinder *stacks_unwind_begin(pid_t tid, const struct stacks_modules *modules,
                                            struct failure *failure);

/** Walks one thread from its registers. Always fills *raw; at least the pc itself is in it. */
void stacks_unwind_thread(struct stacks_unwinder *unwinder, pid_t tid,
                          const struct stacks_registers *registers, struct stacks_raw *raw);

/** Frees the session; NULL is allowed. */
void stacks_unwind_end(struct stacks_unwinder *unwinder);

#endif
