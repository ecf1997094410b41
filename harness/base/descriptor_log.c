/* SPDX-License-Identifier: MIT
 *
 * Reads the descriptor log of a worker that may have written anything into it.
 */
#include "harness/base/descriptor_log.h"

#include <string.h>

int descriptor_log_create(struct shared_memory *shared, struct failure *failure)
{
    if (shared_memory_create(shared, "eighth-descriptors", sizeof(struct descriptor_log),
                             failure) != 0) {
        return -1;
    }
    struct descriptor_log *log = shared->memory;
    log->magic = DESCRIPTOR_LOG_MAGIC;
    log->version = DESCRIPTOR_LOG_VERSION;
    log->size = sizeof *log;
    return 0;
}

struct descriptor_log *descriptor_log_of(const struct shared_memory *shared,
                                         struct failure *failure)
{
    struct descriptor_log *log = shared->memory;
    if (log == NULL || shared->size < sizeof *log || log->magic != DESCRIPTOR_LOG_MAGIC ||
        log->version != DESCRIPTOR_LOG_VERSION || log->size != sizeof *log) {
        (void)failure_set(failure, FAILURE_INTERNAL,
                          "the shared mapping is not a descriptor log of version %u",
                          DESCRIPTOR_LOG_VERSION);
        return NULL;
    }
    return log;
}

static void moment_tame(struct descriptor_moment *moment)
{
    if (moment->call >= DESCRIPTOR_CALLS) {
        memset(moment, 0, sizeof *moment);
    }
    if (moment->stack > DESCRIPTOR_STACKS) {
        moment->stack = 0;
    }
}

/* What was told at once, without a call that failed, holds only where nothing is shared. */
static bool is_believed(const struct descriptor_log *log, const struct descriptor_misuse *misuse)
{
    return misuse->reopened.call == DESCRIPTOR_CALL_NONE ||
           atomic_load_explicit(&log->shared, memory_order_relaxed) == 0;
}

bool descriptor_log_next(const struct descriptor_log *log, uint32_t *cursor,
                         struct descriptor_misuse *misuse)
{
    while (*cursor < DESCRIPTOR_MISUSES) {
        const struct descriptor_slot *slot = &log->slots[(*cursor)++];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) != DESCRIPTOR_VALID) {
            continue;
        }
        memcpy(misuse, &slot->misuse, sizeof *misuse);
        misuse->count = 1 + atomic_load_explicit(&slot->count, memory_order_relaxed);
        moment_tame(&misuse->now);
        moment_tame(&misuse->opened);
        moment_tame(&misuse->closed);
        moment_tame(&misuse->reopened);
        if (misuse->kind != 0 && misuse->kind < DESCRIPTOR_MISUSE_KINDS &&
            is_believed(log, misuse)) {
            return true;
        }
    }
    return false;
}

bool descriptor_log_opened(const struct descriptor_log *log, int fd,
                           struct descriptor_moment *opened)
{
    uint32_t count = atomic_load_explicit(&log->surplus_count, memory_order_acquire);
    for (uint32_t i = 0; i < count && i < DESCRIPTOR_SURPLUS; i++) {
        if (log->surplus[i].fd == fd) {
            memcpy(opened, &log->surplus[i].opened, sizeof *opened);
            moment_tame(opened);
            return opened->call != DESCRIPTOR_CALL_NONE;
        }
    }
    return false;
}

bool descriptor_log_objects(const struct descriptor_log *log, uint32_t i,
                            struct descriptor_objects *objects)
{
    uint32_t count = atomic_load_explicit(&log->object_count, memory_order_acquire);
    if (i >= count || i >= DESCRIPTOR_OBJECTS) {
        return false;
    }
    memcpy(objects, &log->objects[i], sizeof *objects);
    moment_tame(&objects->first);
    moment_tame(&objects->last);
    return true;
}

bool descriptor_log_thread(const struct descriptor_log *log, uint64_t handle, uint64_t *start,
                           struct descriptor_moment *made)
{
    for (uint32_t i = 0; handle != 0 && i < DESCRIPTOR_THREADS; i++) {
        const struct descriptor_thread *thread = &log->threads[i];
        if (atomic_load_explicit(&thread->handle, memory_order_acquire) == handle) {
            *start = thread->start;
            memcpy(made, &thread->made, sizeof *made);
            moment_tame(made);
            return made->call == DESCRIPTOR_CALL_PTHREAD_CREATE;
        }
    }
    return false;
}

uint32_t descriptor_log_stack(const struct descriptor_log *log, uint32_t stack,
                              uint64_t pcs[DESCRIPTOR_FRAMES])
{
    if (stack == 0 || stack > DESCRIPTOR_STACKS) {
        return 0;
    }
    const struct descriptor_stack *found = &log->stacks[stack - 1];
    if (atomic_load_explicit(&found->state, memory_order_acquire) != DESCRIPTOR_VALID) {
        return 0;
    }
    uint32_t count = found->count < DESCRIPTOR_FRAMES ? found->count : DESCRIPTOR_FRAMES;
    memcpy(pcs, found->pcs, count * sizeof *pcs);
    return count;
}

const char *descriptor_log_maps(const struct descriptor_log *log, size_t *length)
{
    uint32_t bytes = atomic_load_explicit(&log->maps_bytes, memory_order_acquire);
    *length = bytes < DESCRIPTOR_MAPS ? bytes : DESCRIPTOR_MAPS;
    return log->maps;
}

const char *descriptor_misuse_name(unsigned kind)
{
    static const char *const names[] = {
        [DESCRIPTOR_CLOSE_BAD] = "close-bad",
        [DESCRIPTOR_FOREIGN_CLOSE] = "foreign-close",
        [DESCRIPTOR_USE_CLOSED] = "use-closed",
        [DESCRIPTOR_USE_REUSED] = "use-reused",
    };
    return kind != 0 && kind < DESCRIPTOR_MISUSE_KINDS ? names[kind] : "?";
}

const char *descriptor_call_name(unsigned call)
{
    static const char *const names[] = {
        [DESCRIPTOR_CALL_NONE] = "?",
        [DESCRIPTOR_CALL_SOCKET] = "socket",
        [DESCRIPTOR_CALL_SOCKETPAIR] = "socketpair",
        [DESCRIPTOR_CALL_ACCEPT] = "accept",
        [DESCRIPTOR_CALL_CONNECT] = "connect",
        [DESCRIPTOR_CALL_OPEN] = "open",
        [DESCRIPTOR_CALL_PIPE] = "pipe",
        [DESCRIPTOR_CALL_EVENTFD] = "eventfd",
        [DESCRIPTOR_CALL_EPOLL_CREATE] = "epoll_create",
        [DESCRIPTOR_CALL_TIMERFD_CREATE] = "timerfd_create",
        [DESCRIPTOR_CALL_MEMFD_CREATE] = "memfd_create",
        [DESCRIPTOR_CALL_INOTIFY_INIT] = "inotify_init",
        [DESCRIPTOR_CALL_SIGNALFD] = "signalfd",
        [DESCRIPTOR_CALL_DUP] = "dup",
        [DESCRIPTOR_CALL_FCNTL] = "fcntl",
        [DESCRIPTOR_CALL_CLOSE] = "close",
        [DESCRIPTOR_CALL_SHUTDOWN] = "shutdown",
        [DESCRIPTOR_CALL_READ] = "read",
        [DESCRIPTOR_CALL_READV] = "readv",
        [DESCRIPTOR_CALL_RECV] = "recv",
        [DESCRIPTOR_CALL_RECVFROM] = "recvfrom",
        [DESCRIPTOR_CALL_RECVMSG] = "recvmsg",
        [DESCRIPTOR_CALL_WRITE] = "write",
        [DESCRIPTOR_CALL_WRITEV] = "writev",
        [DESCRIPTOR_CALL_SEND] = "send",
        [DESCRIPTOR_CALL_SENDTO] = "sendto",
        [DESCRIPTOR_CALL_SENDMSG] = "sendmsg",
        [DESCRIPTOR_CALL_SSL] = "SSL",
        [DESCRIPTOR_CALL_SSL_CTX] = "SSL_CTX",
        [DESCRIPTOR_CALL_SSL_SESSION] = "SSL_SESSION",
        [DESCRIPTOR_CALL_PTHREAD_CREATE] = "pthread_create",
    };
    return call < DESCRIPTOR_CALLS ? names[call] : "?";
}
