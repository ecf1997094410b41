/* SPDX-License-Identifier: MIT
 *
 * Keeps the lives of each descriptor number, and judges calls by them.
 */
#include "harness/worker/descriptor_table.h"

#include "harness/base/clock.h"
#include "harness/worker/descriptor_writer.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIVES 8U    /* remembered of each number */
#define SPINS 2000U /* for another update, which takes far less */
#define SHARED_ENOUGH 1000U

struct entry {
    _Alignas(64) _Atomic uint64_t owner; /* who opened what is open now; 0: nobody, or not open */
    _Atomic uint32_t lock;
    _Atomic uint32_t missed; /* 1: an update was missed, the past is unknown */
    uint32_t count;          /* lives ever; the newest is lives[(count - 1) % LIVES] */
    struct descriptor_life lives[LIVES];
};

static struct entry *entries;
static struct descriptor_log *table_log;
static pid_t process;
/* By instance: the owner number of the cycle in which it holds a connection; 0: it does not. */
static _Atomic uint64_t *holding;
static uint32_t holders;
static _Thread_local int32_t own_tid;

int descriptor_table_init(struct descriptor_log *log, uint32_t instances)
{
    void *memory = mmap(NULL, DESCRIPTOR_TABLE * sizeof *entries, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *holds = mmap(NULL, ((size_t)instances + 1) * sizeof *holding, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || holds == MAP_FAILED) {
        return -1;
    }
    descriptor_stacks_init(log);
    entries = memory;
    holding = holds;
    holders = instances;
    process = getpid();
    table_log = log;
    return 0;
}

/* Asked of the kernel: a child of vfork(2) shares all memory with this process. */
UNWATCHED bool descriptor_table_is_on(void)
{
    return table_log != NULL && syscall(SYS_getpid) == process;
}

/* ---- who holds a connection ---- */

UNWATCHED static _Atomic uint64_t *hold_of(uint64_t owner)
{
    uint64_t number = owner >> 32;
    return table_log != NULL && number != 0 && number <= holders ? &holding[number - 1] : NULL;
}

UNWATCHED void descriptor_table_hold(uint64_t owner)
{
    _Atomic uint64_t *hold = hold_of(owner);
    if (hold != NULL) {
        atomic_store_explicit(hold, owner, memory_order_relaxed);
    }
}

UNWATCHED void descriptor_table_let_go(uint64_t owner)
{
    _Atomic uint64_t *hold = hold_of(owner);
    if (hold != NULL) {
        atomic_store_explicit(hold, 0, memory_order_relaxed);
    }
}

UNWATCHED static bool holds(uint64_t owner)
{
    const _Atomic uint64_t *hold = hold_of(owner);
    return hold != NULL && atomic_load_explicit(hold, memory_order_relaxed) == owner;
}

/* ---- one number ---- */

UNWATCHED static struct entry *entry_lock(int fd)
{
    struct entry *entry = &entries[fd];
    for (uint32_t i = 0; i < SPINS; i++) {
        uint32_t free = 0;
        if (atomic_compare_exchange_weak_explicit(&entry->lock, &free, 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return entry;
        }
        __builtin_ia32_pause();
    }
    atomic_store_explicit(&entry->missed, 1, memory_order_relaxed);
    return NULL;
}

UNWATCHED static void entry_unlock(struct entry *entry)
{
    atomic_store_explicit(&entry->lock, 0, memory_order_release);
}

UNWATCHED static bool is_known(int fd)
{
    return fd >= 0 && fd < DESCRIPTOR_TABLE;
}

UNWATCHED static void entry_forget(struct entry *entry)
{
    entry->count = 0;
    atomic_store_explicit(&entry->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->missed, 0, memory_order_relaxed);
}

/* The newest life, open or over; NULL if the past is unknown. */
UNWATCHED static struct descriptor_life *newest(struct entry *entry)
{
    if (atomic_load_explicit(&entry->missed, memory_order_relaxed) != 0) {
        entry_forget(entry);
    }
    return entry->count == 0 ? NULL : &entry->lives[(entry->count - 1) % LIVES];
}

UNWATCHED static bool is_open(const struct descriptor_life *life)
{
    return life->closed.call == DESCRIPTOR_CALL_NONE;
}

/* The caller's own newest life of this number that is over; NULL if there is none. */
UNWATCHED static struct descriptor_life *own_past(struct entry *entry, uint64_t owner)
{
    for (uint32_t back = 1; back <= LIVES && back <= entry->count; back++) {
        struct descriptor_life *life = &entry->lives[(entry->count - back) % LIVES];
        if (life->opened.owner == owner && !is_open(life)) {
            return life;
        }
    }
    return NULL;
}

UNWATCHED struct descriptor_event descriptor_table_event(enum descriptor_call call,
                                                         const struct call_site *site,
                                                         const struct descriptor_caller *caller)
{
    if (own_tid == 0) {
        own_tid = (int32_t)syscall(SYS_gettid);
    }
    struct descriptor_event event;
    event.time = clock_now();
    event.owner = caller->owner;
    event.connection = caller->connection;
    event.tid = own_tid;
    event.stack = descriptor_stacks_take(site);
    event.operation = caller->operation;
    event.step = caller->step;
    event.call = (uint8_t)call;
    return event;
}

/* ---- rule 3 ---- */

UNWATCHED static void note_sharing(void)
{
    /* That it happens is what counts; a client that does it all the time need not pay for it. */
    if (atomic_load_explicit(&table_log->shared, memory_order_relaxed) < SHARED_ENOUGH) {
        (void)atomic_fetch_add_explicit(&table_log->shared, 1, memory_order_relaxed);
    }
}

/* The caller touches what another instance has opened. */
UNWATCHED static void judge_touch(struct entry *entry, struct descriptor_life *life, int fd,
                                  enum descriptor_misuse_kind kind,
                                  const struct descriptor_event *now)
{
    struct descriptor_life *own = own_past(entry, now->owner);
    if (own == NULL) {
        note_sharing();
        return;
    }
    if (own->closed.owner != now->owner) {
        /* A victim goes on with a number that was taken from it. */
        life->blamed |= own->blamed && kind == DESCRIPTOR_FOREIGN_CLOSE;
        return;
    }
    if (!holds(life->opened.owner)) {
        return;
    }
    struct misuse misuse = {kind, fd, now, &own->opened, &own->closed, &life->opened};
    life->blamed |= kind == DESCRIPTOR_FOREIGN_CLOSE;
    descriptor_writer_tell(table_log, &misuse);
}

UNWATCHED static bool is_foreign(const struct descriptor_life *life, uint64_t owner)
{
    return owner != 0 && life->opened.owner != 0 && life->opened.owner != owner;
}

/* ---- opening and closing ---- */

UNWATCHED void descriptor_table_opened(int fd, enum descriptor_call call,
                                       const struct call_site *site,
                                       const struct descriptor_caller *caller)
{
    if (!is_known(fd)) {
        return;
    }
    struct descriptor_event event = descriptor_table_event(call, site, caller);
    struct entry *entry = entry_lock(fd);
    if (entry == NULL) {
        return;
    }
    (void)newest(entry);
    struct descriptor_life *life = &entry->lives[entry->count++ % LIVES];
    life->opened = event;
    life->closed.call = DESCRIPTOR_CALL_NONE;
    life->blamed = false;
    atomic_store_explicit(&entry->owner, caller->owner, memory_order_relaxed);
    entry_unlock(entry);
}

UNWATCHED void descriptor_table_forget(int fd)
{
    struct entry *entry = table_log != NULL && is_known(fd) ? entry_lock(fd) : NULL;
    if (entry != NULL) {
        entry_forget(entry);
        entry_unlock(entry);
    }
}

UNWATCHED void descriptor_table_closing(int fd, const struct call_site *site,
                                        const struct descriptor_caller *caller,
                                        struct descriptor_life *before)
{
    before->opened.call = DESCRIPTOR_CALL_NONE;
    if (!is_known(fd)) {
        return;
    }
    struct descriptor_event event = descriptor_table_event(DESCRIPTOR_CALL_CLOSE, site, caller);
    struct entry *entry = entry_lock(fd);
    if (entry == NULL) {
        return;
    }
    struct descriptor_life *life = newest(entry);
    if (life != NULL) {
        *before = *life;
        if (is_open(life)) {
            if (is_foreign(life, caller->owner)) {
                judge_touch(entry, life, fd, DESCRIPTOR_FOREIGN_CLOSE, &event);
            }
            life->closed = event;
            atomic_store_explicit(&entry->owner, 0, memory_order_relaxed);
        }
    }
    entry_unlock(entry);
}

/* ---- what failed ---- */

/* life: of which the call fails; its opened.call is NONE if unknown. */
UNWATCHED static void tell_failure(int fd, const struct descriptor_event *now,
                                   const struct descriptor_life *life)
{
    bool closing = now->call == DESCRIPTOR_CALL_CLOSE;
    bool taken = now->owner != 0 && life->opened.call != DESCRIPTOR_CALL_NONE &&
                 life->opened.owner == now->owner && life->closed.call != DESCRIPTOR_CALL_NONE &&
                 life->closed.owner != 0 && life->closed.owner != now->owner;
    struct misuse misuse = {
        closing ? DESCRIPTOR_CLOSE_BAD : DESCRIPTOR_USE_CLOSED, fd, now, NULL, NULL, NULL};
    if (life->opened.call != DESCRIPTOR_CALL_NONE) {
        misuse.opened = &life->opened;
        misuse.closed = is_open(life) ? NULL : &life->closed;
    }
    if (taken) {
        misuse.kind = DESCRIPTOR_FOREIGN_CLOSE;
    }
    descriptor_writer_tell(table_log, &misuse);
}

UNWATCHED void descriptor_table_close_failed(int fd, const struct call_site *site,
                                             const struct descriptor_caller *caller,
                                             const struct descriptor_life *before)
{
    bool seen = before->opened.call != DESCRIPTOR_CALL_NONE;
    if (caller->operation == 0 || (caller->owner == 0 && !seen) || (seen && before->blamed)) {
        return;
    }
    struct descriptor_event now = descriptor_table_event(DESCRIPTOR_CALL_CLOSE, site, caller);
    tell_failure(fd, &now, before);
}

UNWATCHED void descriptor_table_use_failed(int fd, enum descriptor_call call,
                                           const struct call_site *site,
                                           const struct descriptor_caller *caller)
{
    if (!is_known(fd) || caller->operation == 0 || !descriptor_table_is_on()) {
        return;
    }
    struct descriptor_event now = descriptor_table_event(call, site, caller);
    struct entry *entry = entry_lock(fd);
    if (entry == NULL) {
        return;
    }
    const struct descriptor_life *life = newest(entry);
    if (life != NULL && is_foreign(life, caller->owner)) {
        const struct descriptor_life *own = own_past(entry, caller->owner);
        life = own != NULL ? own : life;
    }
    struct descriptor_life copy = {0};
    if (life != NULL) {
        copy = *life;
    }
    entry_unlock(entry);
    if (life != NULL && !copy.blamed) {
        tell_failure(fd, &now, &copy);
    }
}

/* ---- using ---- */

UNWATCHED void descriptor_table_use(int fd, enum descriptor_call call, const struct call_site *site,
                                    const struct descriptor_caller *caller)
{
    if (table_log == NULL || !is_known(fd) || caller->owner == 0) {
        return;
    }
    uint64_t owner = atomic_load_explicit(&entries[fd].owner, memory_order_relaxed);
    if (owner == caller->owner || owner == 0 ||
        atomic_load_explicit(&table_log->shared, memory_order_relaxed) != 0 ||
        !descriptor_table_is_on()) {
        return;
    }
    struct descriptor_event now = descriptor_table_event(call, site, caller);
    struct entry *entry = entry_lock(fd);
    if (entry == NULL) {
        return;
    }
    struct descriptor_life *life = newest(entry);
    if (life != NULL && is_open(life) && is_foreign(life, caller->owner)) {
        judge_touch(entry, life, fd, DESCRIPTOR_USE_REUSED, &now);
    }
    entry_unlock(entry);
}

void descriptor_table_surplus(int fd)
{
    struct entry *entry = table_log != NULL && is_known(fd) ? entry_lock(fd) : NULL;
    if (entry == NULL) {
        return;
    }
    const struct descriptor_life *life = newest(entry);
    if (life != NULL && is_open(life)) {
        descriptor_writer_surplus(table_log, fd, &life->opened);
    }
    entry_unlock(entry);
}
