/* SPDX-License-Identifier: MIT
 *
 * Stands before pthread_create(3) for the whole process, and passes every call on.
 */
#include "harness/worker/thread_calls.h"

#include "harness/worker/descriptor_calls.h"
#include "harness/worker/descriptor_writer.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

static struct descriptor_log *calls_log;

void thread_calls_watch(struct descriptor_log *log)
{
    calls_log = log;
}

void thread_calls_tell(void)
{
    if (calls_log != NULL) {
        descriptor_writer_maps(calls_log);
    }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

static __typeof__(pthread_create) *next_create;

/* Before the first instruction of any library, as in descriptor_calls.c. */
static void find_next(void)
{
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    __builtin_memcpy(&next_create, &found, sizeof found);
}

__attribute__((section(".preinit_array"), used)) static void (*const find_first)(void) = find_next;

static void note(pthread_t thread, void *(*start)(void *), const struct call_site *site)
{
    int error = errno;
    struct descriptor_event made =
        descriptor_table_event(DESCRIPTOR_CALL_PTHREAD_CREATE, site, &descriptor_watch.caller);
    descriptor_writer_thread(calls_log, (uint64_t)thread, (uint64_t)(uintptr_t)start, &made);
    errno = error;
}

/* The new thread has this function on its stack no more than pthread_create itself. */
__attribute__((visibility("default"), noinline)) int pthread_create(
    pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*start)(void *),
    void *restrict argument)
{
    struct call_site site = CALL_SITE();
    int result = next_create(thread, attributes, start, argument);
    bool own = descriptor_watch.caller.operation == 0 && descriptor_stacks_is_own(site.pc);
    if (result == 0 && calls_log != NULL && !own) {
        note(*thread, start, &site);
    }
    return result;
}

#endif
