/* SPDX-License-Identifier: MIT
 *
 * Tells equal misuses apart from different ones, and which lines of the module map are worth room.
 */
#include "harness/worker/descriptor_writer.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Places that one thread may have. */
#define THREAD_WINDOW 8U

UNWATCHED static void moment_write(struct descriptor_moment *moment,
                                   const struct descriptor_event *event)
{
    if (event == NULL || event->call == DESCRIPTOR_CALL_NONE) {
        return;
    }
    moment->time = event->time;
    moment->call = event->call;
    moment->instance = event->owner == 0 ? DESCRIPTOR_NOBODY : (uint32_t)(event->owner >> 32) - 1;
    moment->cycle = (uint32_t)event->owner;
    moment->connection = event->connection;
    moment->operation = event->operation;
    moment->step = event->step;
    moment->tid = event->tid;
    moment->stack = event->stack;
}

/* ---- the module map ---- */

struct lines {
    struct descriptor_log *log;
    uint32_t written;
    char line[512];
    uint32_t length;
    bool worth; /* it names a file, or the vdso */
};

UNWATCHED static void line_end(struct lines *lines)
{
    if (lines->worth && lines->length <= DESCRIPTOR_MAPS - lines->written) {
        for (uint32_t i = 0; i < lines->length; i++) {
            lines->log->maps[lines->written + i] = lines->line[i];
        }
        lines->written += lines->length;
    }
    lines->length = 0;
    lines->worth = false;
}

UNWATCHED static void lines_take(struct lines *lines, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lines->length < sizeof lines->line) {
            lines->line[lines->length++] = text[i];
        }
        /* "[vdso]" and "[vsyscall]", but not the many of "[stack]" and "[heap]". */
        lines->worth =
            lines->worth || text[i] == '/' || (text[i] == 'v' && i > 0 && text[i - 1] == '[');
        if (text[i] == '\n') {
            line_end(lines);
        }
    }
}

/* By system calls: the functions of their names are the ones that stand before the client. Not
 * /proc/self: that is the main thread, which may have ended. */
UNWATCHED static void maps_write(struct descriptor_log *log)
{
    static _Atomic bool writing;
    if (atomic_exchange_explicit(&writing, true, memory_order_acquire)) {
        return;
    }
    struct lines lines = {.log = log};
    char text[1024];
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/maps", O_RDONLY | O_CLOEXEC);
    long got;
    while (fd >= 0 && (got = syscall(SYS_read, fd, text, sizeof text)) > 0) {
        lines_take(&lines, text, (size_t)got);
    }
    if (fd >= 0) {
        (void)syscall(SYS_close, fd);
        atomic_store_explicit(&log->maps_bytes, lines.written, memory_order_release);
    }
    atomic_store_explicit(&writing, false, memory_order_release);
}

/* ---- misuses ---- */

UNWATCHED static uint64_t mix(uint64_t key, uint64_t value)
{
    key = (key ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return key ^ key >> 32;
}

UNWATCHED static uint64_t key_of(const struct misuse *misuse)
{
    uint64_t key = mix(1, (uint64_t)misuse->kind);
    key = mix(key, misuse->now->call);
    key = mix(key, misuse->now->stack);
    key = mix(key, misuse->opened != NULL ? misuse->opened->stack : 0);
    key = mix(key, misuse->closed != NULL ? misuse->closed->stack : 0);
    return key != 0 ? key : 1;
}

UNWATCHED static void slot_write(struct descriptor_slot *slot, const struct misuse *misuse)
{
    slot->misuse.kind = misuse->kind;
    slot->misuse.fd = misuse->fd;
    moment_write(&slot->misuse.now, misuse->now);
    moment_write(&slot->misuse.opened, misuse->opened);
    moment_write(&slot->misuse.closed, misuse->closed);
    moment_write(&slot->misuse.reopened, misuse->reopened);
    atomic_store_explicit(&slot->state, DESCRIPTOR_VALID, memory_order_release);
}

UNWATCHED void descriptor_writer_tell(struct descriptor_log *log, const struct misuse *misuse)
{
    uint64_t key = key_of(misuse);
    for (uint32_t i = 0; i < DESCRIPTOR_MISUSES; i++) {
        struct descriptor_slot *slot = &log->slots[i];
        uint64_t found = atomic_load_explicit(&slot->key, memory_order_relaxed);
        if (found == 0 && atomic_compare_exchange_strong(&slot->key, &found, key)) {
            slot_write(slot, misuse);
            maps_write(log);
            return;
        }
        if (found == key) {
            (void)atomic_fetch_add_explicit(&slot->count, 1, memory_order_relaxed);
            return;
        }
    }
    (void)atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
}

void descriptor_writer_surplus(struct descriptor_log *log, int fd,
                               const struct descriptor_event *opened)
{
    uint32_t count = atomic_load_explicit(&log->surplus_count, memory_order_relaxed);
    if (count >= DESCRIPTOR_SURPLUS) {
        return;
    }
    if (count == 0) {
        maps_write(log);
    }
    log->surplus[count].fd = fd;
    moment_write(&log->surplus[count].opened, opened);
    atomic_store_explicit(&log->surplus_count, count + 1, memory_order_release);
}

static bool same_origin(const struct descriptor_moment *moment, const struct descriptor_event *made)
{
    return moment->call == made->call && moment->stack == made->stack &&
           moment->operation == made->operation && moment->step == made->step;
}

void descriptor_writer_object(struct descriptor_log *log, const struct descriptor_event *made)
{
    uint32_t count = atomic_load_explicit(&log->object_count, memory_order_relaxed);
    uint32_t i = 0;
    while (i < count && !same_origin(&log->objects[i].first, made)) {
        i++;
    }
    if (i >= DESCRIPTOR_OBJECTS) {
        return;
    }
    struct descriptor_objects *objects = &log->objects[i];
    if (count == 0) {
        maps_write(log);
    }
    if (i == count || made->time < objects->first.time) {
        moment_write(&objects->first, made);
    }
    if (i == count || made->time >= objects->last.time) {
        moment_write(&objects->last, made);
    }
    objects->count++;
    atomic_store_explicit(&log->object_count, i == count ? count + 1 : count, memory_order_release);
}

void descriptor_writer_maps(struct descriptor_log *log)
{
    maps_write(log);
}

/* Its old place, else a free one, else that of another thread: it is the newest that may be left.
 */
UNWATCHED void descriptor_writer_thread(struct descriptor_log *log, uint64_t handle, uint64_t start,
                                        const struct descriptor_event *made)
{
    uint64_t hash = mix(1, handle);
    struct descriptor_thread *thread = NULL;
    for (uint32_t i = 0; i < THREAD_WINDOW && thread == NULL; i++) {
        struct descriptor_thread *here = &log->threads[(hash + i) % DESCRIPTOR_THREADS];
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&here->handle, &found, handle) || found == handle) {
            thread = here;
        }
    }
    if (thread == NULL) {
        thread = &log->threads[hash % DESCRIPTOR_THREADS];
        atomic_store_explicit(&thread->handle, handle, memory_order_relaxed);
    }
    thread->start = start;
    moment_write(&thread->made, made);
}
