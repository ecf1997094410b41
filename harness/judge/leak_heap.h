/* SPDX-License-Identifier: MIT
 *
 * Does the heap of a worker leak? Judged by its slope (slope.h), which needs 24 rounds. With
 * fewer, and at least four, it is called a leak only if it is gross:
 *
 *   - each round after the first adds 1 MiB and more, besides 8 KiB for each thread;
 *   - and at least half of what the others add for each of their cycles;
 *   - and nine tenths of it are still in use after the client's cleanup, which must leave nothing.
 *
 * Start-up memory, arenas and caches of malloc do none of these; a cache that fills is given back
 * by the cleanup. What is not judged is told in a note, and what to set so that it is.
 */
#ifndef JUDGE_LEAK_HEAP_H
#define JUDGE_LEAK_HEAP_H

#include "harness/base/buffer.h"
#include "harness/base/logbook.h"
#include "harness/judge/finding.h"

/** Judges a worker that ended well. Adds a finding of the trial to *findings, or a line to *notes.
 */
void leak_heap_judge(const struct logbook *logbook, uint32_t trial, uint64_t seed,
                     struct finding_list *findings, struct buffer *notes);

#endif
