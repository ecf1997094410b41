/* SPDX-License-Identifier: MIT
 *
 * What a worker logged about its client's descriptors, with named stacks: for the judge.
 *
 * Ownership: the evidence owns all its stacks. Zeroed it is empty and safe to release.
 */
#ifndef WATCH_DESCRIPTOR_EVIDENCE_H
#define WATCH_DESCRIPTOR_EVIDENCE_H

#include "harness/base/descriptor_log.h"
#include "harness/watch/stack.h"
#include "harness/watch/stacks_symbols.h"

#include <stdint.h>

/** Different misuses of one trial that are named; more say nothing new. */
#define DESCRIPTOR_EVIDENCE_MISUSES 64U

/** What was seen of one moment; its stack is empty when the moment was not seen. */
struct descriptor_misuse_stacks {
    struct descriptor_misuse misuse;
    struct stack now;
    struct stack opened;
    struct stack closed;
    struct stack reopened;
};

struct descriptor_left {
    int32_t fd;
    struct descriptor_moment opened;
    struct stack stack;
};

struct tls_objects_left {
    struct descriptor_objects objects;
    struct stack stack; /**< where they were made */
};

struct thread_origin {
    int32_t tid;
    struct descriptor_moment made;
    struct stack stack; /**< that started it */
};

struct descriptor_evidence {
    struct descriptor_misuse_stacks *misuses;
    uint32_t misuse_count;
    struct descriptor_left *left; /**< open at the end */
    uint32_t left_count;
    struct tls_objects_left *objects; /**< not freed at the end; the most first */
    uint32_t object_count;
    struct thread_origin *threads; /**< of those of left whose start was seen */
    uint32_t thread_count;
};

/** Reads the log of a dead worker. left: its threads at the end, where some were left, else empty.
 *  symbols may be NULL: then stacks stay empty. Nothing in the log is trusted. Without memory the
 *  evidence holds less. */
void descriptor_evidence_read(struct descriptor_evidence *evidence,
                              const struct shared_memory *shared, const struct thread_stacks *left,
                              struct stacks_symbols *symbols);

/** Frees everything and makes it empty again. */
void descriptor_evidence_release(struct descriptor_evidence *evidence);

#endif
