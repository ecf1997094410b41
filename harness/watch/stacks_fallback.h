/* SPDX-License-Identifier: MIT
 *
 * Reads the last words of a worker that could not be traced.
 */
#ifndef WATCH_STACKS_FALLBACK_H
#define WATCH_STACKS_FALLBACK_H

#include "harness/base/last_words.h"
#include "harness/watch/stack.h"
#include "harness/watch/stacks_symbols.h"

/** Fills *stacks (which must be empty) with the one stack that the worker wrote, named, and with
 *  its signal; its note says that the other threads are missing. False when there are no words.
 *  Only for a worker that is dead. Nothing in the record is trusted. */
bool stacks_from_last_words(const struct last_words *words, int32_t pid,
                            struct stacks_symbols *symbols, struct thread_stacks *stacks);

#endif
