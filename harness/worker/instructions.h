/* SPDX-License-Identifier: MIT
 *
 * Counts instructions in user mode with the processor's own counters: perf_event_open(2). Many
 * virtual machines and containers have none, or do not let one at them.
 */
#ifndef WORKER_INSTRUCTIONS_H
#define WORKER_INSTRUCTIONS_H

#include <stdint.h>

/** A stopped counter of the calling thread and of all threads that it and its descendants make
 *  from now on; -1: there is none here. Close it with instructions_close. */
int instructions_open(void);

/** The same of any event in user mode that perf_event_open(2) knows, by its type and config. */
int instructions_open_event(uint32_t type, uint64_t config);

/** Lets it count. -1 is allowed, here and below. */
void instructions_start(int counter);

/** What was counted, by all threads together; 0 if there is no counter, or if it had to share the
 *  processor's with others and so missed some. */
uint64_t instructions_read(int counter);

void instructions_close(int counter);

#endif
