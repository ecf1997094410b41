/* SPDX-License-Identifier: MIT
 *
 * A table of living objects by their address. Each has its place within a short window; one that
 * finds no room is only counted.
 */
#include "harness/worker/tls_origins.h"

#include "harness/worker/descriptor_calls.h"
#include "harness/worker/descriptor_writer.h"

#include <errno.h>
#include <sys/mman.h>

#define SLOTS \
    (1U << 15) /* a power of two: 10,000 connections with a session each fill two thirds */
#define WINDOW 16U

struct slot {
    _Atomic uintptr_t object; /* 0: free */
    struct descriptor_event made;
};

static struct slot *slots;
static struct descriptor_log *origins_log;

int tls_origins_watch(struct descriptor_log *log, struct failure *failure)
{
    void *memory = mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                             "cannot make the table of TLS objects");
    }
    slots = memory;
    origins_log = log;
    return 0;
}

UNWATCHED static struct slot *slot_of(uintptr_t object, uint32_t i)
{
    uint64_t hash = (uint64_t)object * UINT64_C(0x9e3779b97f4a7c15);
    return &slots[((hash >> 40) + i) & (SLOTS - 1)];
}

UNWATCHED void tls_origins_made(const void *object, enum descriptor_call call,
                                struct call_site *site)
{
    if (origins_log == NULL) {
        return;
    }
    /* All objects are made at one place inside OpenSSL. */
    site->salt = (uint32_t)call << 8 | descriptor_watch.caller.operation;
    struct descriptor_event made = descriptor_table_event(call, site, &descriptor_watch.caller);
    for (uint32_t i = 0; i < WINDOW; i++) {
        struct slot *slot = slot_of((uintptr_t)object, i);
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong_explicit(&slot->object, &none, (uintptr_t)object,
                                                    memory_order_relaxed, memory_order_relaxed)) {
            slot->made = made;
            return;
        }
    }
}

UNWATCHED void tls_origins_freed(const void *object)
{
    for (uint32_t i = 0; origins_log != NULL && i < WINDOW; i++) {
        struct slot *slot = slot_of((uintptr_t)object, i);
        if (atomic_load_explicit(&slot->object, memory_order_relaxed) == (uintptr_t)object) {
            atomic_store_explicit(&slot->object, 0, memory_order_relaxed);
            return;
        }
    }
}

void tls_origins_tell(void)
{
    for (uint32_t i = 0; origins_log != NULL && i < SLOTS; i++) {
        if (atomic_load_explicit(&slots[i].object, memory_order_relaxed) != 0) {
            descriptor_writer_object(origins_log, &slots[i].made);
        }
    }
}
