/* SPDX-License-Identifier: MIT
 *
 * Writes misuses, what is left at the end, and the module map into the descriptor log.
 * Async-signal-safe, any thread.
 */
#ifndef WORKER_DESCRIPTOR_WRITER_H
#define WORKER_DESCRIPTOR_WRITER_H

#include "harness/worker/descriptor_table.h"

/** A misuse to tell; moments that were not seen may be NULL. */
struct misuse {
    enum descriptor_misuse_kind kind;
    int fd;
    const struct descriptor_event *now;
    const struct descriptor_event *opened;
    const struct descriptor_event *closed;
    const struct descriptor_event *reopened;
};

/** Writes it, or counts it if an equal one is there. */
void descriptor_writer_tell(struct descriptor_log *log, const struct misuse *misuse);

/** Writes who opened a descriptor that was left open. Only one thread. */
void descriptor_writer_surplus(struct descriptor_log *log, int fd,
                               const struct descriptor_event *opened);

/** Writes who started the thread with that pthread_t, and to run what. Any thread. */
void descriptor_writer_thread(struct descriptor_log *log, uint64_t handle, uint64_t start,
                              const struct descriptor_event *made);

/** Writes the module map, without which no address can be named. */
void descriptor_writer_maps(struct descriptor_log *log);

/** Counts a TLS object that was left with those of its origin. Only one thread. */
void descriptor_writer_object(struct descriptor_log *log, const struct descriptor_event *made);

#endif
