/* SPDX-License-Identifier: MIT
 *
 * Stacks of calls into the worker's own open(), close(), ...: which of the client's functions stood
 * on the stack. Equal stacks are kept once, in the log.
 *
 * To unwind a stack by its tables costs microseconds. So a stack that was seen remembers where its
 * return addresses lay, and the next call from the same place only compares them: as long as each
 * one is where it was, the function below it is the same and so is its frame.
 *
 * Async-signal-safe; any thread; nothing here orders anything in ThreadSanitizer's eyes.
 */
#ifndef WORKER_DESCRIPTOR_STACKS_H
#define WORKER_DESCRIPTOR_STACKS_H

#include "harness/base/descriptor_log.h"

/** For whatever runs inside the client's calls: sanitizers watch the client, and must neither see
 *  an order that the client itself does not make, nor be called where they are not ready. */
#define UNWATCHED __attribute__((no_sanitize("thread"), no_sanitize("address")))

/** Where a call came from. */
struct call_site {
    uintptr_t pc;   /**< the return address of our function */
    uintptr_t slot; /**< where on the stack that lies */
    uint32_t salt;  /**< tells calls apart that come to one place by many ways; else 0 */
};

/** The site of the call of the function that this stands in, which must not be inlined. */
#define CALL_SITE()                                \
    ((struct call_site){                           \
        (uintptr_t)__builtin_return_address(0),    \
        (uintptr_t)__builtin_frame_address(0) + 8, \
        0,                                         \
    })

/** Once, before any other. */
void descriptor_stacks_init(struct descriptor_log *log);

/** True if the call came from the worker's own program rather than from a library. */
bool descriptor_stacks_is_own(uintptr_t pc);

/** The number of the stack in the log; 0 if the log is full. */
uint32_t descriptor_stacks_take(const struct call_site *site);

#endif
