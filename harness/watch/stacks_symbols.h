/* SPDX-License-Identifier: MIT
 *
 * Gives addresses their names: function, source line, inlined functions, module, build-id; from the
 * symbol tables and DWARF of the modules' files, or of their separate debug files where those are
 * installed (build-id or debug link, below /usr/lib/debug). Never from the network.
 *
 * One store serves a whole run: trials load the same files again and again, so files and answers
 * are kept, both within fixed bounds. One thread at a time.
 */
#ifndef WATCH_STACKS_SYMBOLS_H
#define WATCH_STACKS_SYMBOLS_H

#include "harness/base/failure.h"
#include "harness/watch/stack.h"
#include "harness/watch/stacks_modules.h"
#include "harness/watch/stacks_unwind.h"

struct stacks_symbols;

/** An empty store. Removes DEBUGINFOD_URLS from the environment: elfutils would ask those servers.
 *  NULL with FAILURE_ENVIRONMENT without memory. */
struct stacks_symbols *stacks_symbols_create(struct failure *failure);

/** NULL is allowed. */
void stacks_symbols_free(struct stacks_symbols *symbols);

/** Forgets files that changed on disk, and answers beyond the bounds. To be called before the
 *  addresses of another process are named. */
void stacks_symbols_refresh(struct stacks_symbols *symbols);

/** Names one pc and adds its frames to *stack, inlined ones first. exact as in struct stack_frame.
 *  What cannot be known stays unknown; a frame is added in any case (but for the ceiling). */
void stacks_symbols_add(struct stacks_symbols *symbols, const struct stacks_modules *modules,
                        uint64_t pc, bool exact, struct stack *stack);

/** Names a whole stack, and judges it. *stack keeps its tid and name. */
void stacks_symbols_name(struct stacks_symbols *symbols, const struct stacks_modules *modules,
                         const struct stacks_raw *raw, struct stack *stack);

#endif
