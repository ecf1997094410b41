/* SPDX-License-Identifier: MIT
 *
 * Resource samples: what the process holds at a quiet moment.
 */
#ifndef WORKER_SAMPLES_H
#define WORKER_SAMPLES_H

#include "harness/base/logbook.h"

#include <stdbool.h>

/** Highest descriptor number + 1 that is told apart. */
#define SAMPLES_DESCRIPTORS 65536U

/** The descriptors that were open at one moment. */
struct descriptor_set {
    unsigned char open[SAMPLES_DESCRIPTORS / 8];
};

/** Threads of one moment that are told apart. */
#define SAMPLES_THREADS 64U

/** The threads that lived at one moment. */
struct thread_set {
    long tids[SAMPLES_THREADS];
    uint32_t count;
};

/** Fills this thread's malloc cache (glibc's tcache). Its blocks count as in use, and it takes
 *  thousands of cycles to fill by itself: that would look like a leak of a hundred bytes per cycle.
 *  A full one can only shrink. Each thread that runs operations calls it first; about 0.1 ms and
 *  236 KiB. Nothing where malloc is replaced. */
void samples_fill_cache(void);

/** Makes and joins one thread, and lets a sanitizer open its log. Before the first sample: with its
 *  first thread a process gets things that stay, such as the thread that TSan runs beside it, and
 *  with its first report the descriptor of the log: that would be taken for a leak of the client's
 *  where the report comes after the first round. */
void samples_warm_up(void);

/** Fills the sample. A thread that has ended but has not left the process table yet is not counted:
 *  pthread_join(3) does not wait for that. Main thread, everything else quiet. */
void samples_take(struct resource_sample *sample, uint64_t cycles);

/** Takes a sample into the logbook's series. Main thread. */
void samples_append(struct logbook *logbook, uint64_t cycles);

/** The most memory, in bytes, that was resident so far; 0 if the kernel does not tell. */
uint64_t samples_peak_rss(void);

/** Notes which descriptors are open. */
void samples_remember(struct descriptor_set *set);

/** Notes which threads live; beyond SAMPLES_THREADS none more. */
void samples_remember_threads(struct thread_set *set);

/** Names in the logbook the threads that live and are not in the set. If there are any, it waits
 *  for the controller to take their stacks, for some seconds at most. */
void samples_surplus_threads(struct logbook *logbook, const struct thread_set *set);

/** Describes in the logbook each open descriptor that is not in the set. */
void samples_surplus(struct logbook *logbook, const struct descriptor_set *set);

#endif
