/* SPDX-License-Identifier: MIT
 *
 * The table of descriptor numbers: for each the lives that it had of late, with who opened and who
 * closed each; and the rules by which a call on a number is a misuse.
 *
 * No false alarm is the first rule. What the client does by ways that are not seen (system calls of
 * its own, functions that open or close inside libc) makes the table old, never wrong in a
 * judgement:
 *
 *   - A failing call is judged by what the kernel says: EBADF, and of a use also that the number is
 *     not open. Without it nothing is judged but rule 3. Negative numbers never are.
 *   - CLOSE_BAD, USE_CLOSED: an instance's close with EBADF; any operation's use with EBADF of a
 *     number whose last opening was seen (and outside instances, in init and cleanup, close too).
 *     If it was the caller's own and another instance had closed it, it is FOREIGN_CLOSE.
 *   - Rule 3, USE_REUSED and FOREIGN_CLOSE at once: the caller opened and closed a descriptor of
 *     this number itself, earlier in the same cycle; since then another instance has opened it and
 *     holds it: between the begin of its open and the begin of its close, when it cannot have given
 *     its connection away.
 *   - An instance that touches what another one opened without rule 3 is a client that shares or
 *     hands over connections: counted in `shared`, and then rule 3 is not believed at all.
 *   - What no instance opened (init, threads of the client's own) may be used and closed by anyone.
 *     Calls outside of any operation, and those of forked children, are never judged.
 *   - What a misuse breaks for its victim is not told again.
 *
 * Async-signal-safe, any thread. An update waits for another one on the same number, but not for
 * ever: after that the number's past counts as unknown.
 */
#ifndef WORKER_DESCRIPTOR_TABLE_H
#define WORKER_DESCRIPTOR_TABLE_H

#include "harness/worker/descriptor_stacks.h"

/** Numbers from here on are not told apart; nothing is known of them. */
#define DESCRIPTOR_TABLE (1 << 17)

/** Who calls. */
struct descriptor_caller {
    uint64_t owner; /**< instance and cycle as one number; 0: no instance */
    uint32_t connection;
    uint16_t operation; /**< enum flight_operation; 0: outside any */
    uint16_t step;
};

/** The owner number of a cycle of an instance. */
static inline uint64_t descriptor_owner(uint32_t instance, uint32_t cycle)
{
    return ((uint64_t)instance + 1) << 32 | cycle;
}

/** One moment in a number's life; instance and cycle stand in the owner. */
struct descriptor_event {
    uint64_t time;
    uint64_t owner;
    uint32_t connection;
    int32_t tid;
    uint32_t stack;
    uint16_t operation;
    uint16_t step;
    uint8_t call; /**< enum descriptor_call; NONE: not seen */
};

struct descriptor_life {
    struct descriptor_event opened;
    struct descriptor_event closed;
    bool blamed; /**< a misuse of it was told, or it was ended by one */
};

/** Makes the table for that many instances. -1 without memory. */
int descriptor_table_init(struct descriptor_log *log, uint32_t instances);

/** True from init on, but not in a forked child: what that closes stays open here. What it opens
 * may be noted without harm: the next one to get the number here takes it over. A system call. */
bool descriptor_table_is_on(void);

/** The moment that is now. */
struct descriptor_event descriptor_table_event(enum descriptor_call call,
                                               const struct call_site *site,
                                               const struct descriptor_caller *caller);

/** The instance of this owner holds a connection (or is about to) from now on; or no longer. */
void descriptor_table_hold(uint64_t owner);
void descriptor_table_let_go(uint64_t owner);

/** fd was opened. */
void descriptor_table_opened(int fd, enum descriptor_call call, const struct call_site *site,
                             const struct descriptor_caller *caller);

/** fd is what nobody knows: the worker's own, or come or gone by a way that says nothing. */
void descriptor_table_forget(int fd);

/** To be called before fd is closed. *before becomes the number's last life as it was then; its
 *  opened.call is NONE if that is unknown. */
void descriptor_table_closing(int fd, const struct call_site *site,
                              const struct descriptor_caller *caller,
                              struct descriptor_life *before);

/** The close failed with EBADF. */
void descriptor_table_close_failed(int fd, const struct call_site *site,
                                   const struct descriptor_caller *caller,
                                   const struct descriptor_life *before);

/** To be called before fd is used. Costs next to nothing as long as fd is the caller's own. */
void descriptor_table_use(int fd, enum descriptor_call call, const struct call_site *site,
                          const struct descriptor_caller *caller);

/** The use failed with EBADF, and the number is not open. */
void descriptor_table_use_failed(int fd, enum descriptor_call call, const struct call_site *site,
                                 const struct descriptor_caller *caller);

/** Notes in the log who opened fd, if that was seen. At the end. */
void descriptor_table_surplus(int fd);

#endif
