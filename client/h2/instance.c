/* SPDX-License-Identifier: MIT
 *
 * Decides who may be inside an instance, and when.
 */
#include "client/h2/instance.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/loop.h"
#include "client/h2/memory.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* ---- create and free ---------------------------------------------------------------------------
 */

int h2_instance_create(eighth_process *process, const struct eighth_endpoint *endpoint,
                       eighth_instance **made, struct eighth_error *error)
{
    eighth_instance *instance = h2_allocate(sizeof(*instance));
    *made = NULL;
    if (instance == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    if (h2_endpoint_copy(&instance->endpoint, endpoint, error) != 0) {
        goto no_endpoint;
    }
    instance->process = process;
    instance->waker = -1;
    instance->seams = &process->seams;
    instance->transport = instance->endpoint.tls ? process->seams.tls : process->seams.clear;
    instance->link.instance = instance;
    instance->link.wire = (struct h2_wire)H2_WIRE_INIT;
    if (h2_caches_make(&instance->caches, instance->seams, false, process->options.capacity) != 0) {
        (void)h2_error_memory(error, EIGHTH_PHASE_NONE);
        goto no_caches;
    }
    instance->counters =
        process->options.counters_of_instance ? h2_counters_create() : process->counters;
    if (instance->counters == NULL) {
        (void)h2_error_memory(error, EIGHTH_PHASE_NONE);
        goto no_caches;
    }
    /* None of these fails on Linux. */
    (void)pthread_mutex_init(&instance->gate, NULL);
    (void)pthread_mutex_init(&instance->lock, NULL);
    (void)pthread_cond_init(&instance->quiet, NULL);
    *made = instance;
    return 0;

no_caches:
    h2_caches_release(&instance->caches, instance->seams);
no_endpoint:
    h2_endpoint_release(&instance->endpoint);
    h2_release(instance);
    return -1;
}

/* Adds its own figures to those of the process. */
static void hand_in_counters(eighth_instance *instance)
{
    const struct h2_counter_ops *ops = instance->seams->counters;
    if (instance->counters == instance->process->counters) {
        return;
    }
    for (int i = 0; i < H2_COUNTERS; i++) {
        enum h2_counter which = (enum h2_counter)i;
        ops->add(instance->process->counters, which, ops->read(instance->counters, which));
    }
    h2_release(instance->counters);
}

void h2_instance_free(eighth_instance *instance)
{
    if (instance == NULL) {
        return;
    }
    h2_instance_lock(instance);
    instance->seams->closing->drop(instance);
    h2_instance_unlock(instance);

    SSL_SESSION_free(instance->imported);
    SSL_SESSION_free(instance->newest);
    h2_name_release(instance->name);
    if (instance->context != NULL) {
        instance->seams->contexts->release(instance->process, instance->context);
    }
    h2_caches_release(&instance->caches, instance->seams);
    hand_in_counters(instance);
    (void)pthread_cond_destroy(&instance->quiet);
    (void)pthread_mutex_destroy(&instance->lock);
    (void)pthread_mutex_destroy(&instance->gate);
    h2_endpoint_release(&instance->endpoint);
    h2_release(instance);
}

/* ---- who is inside
 * -------------------------------------------------------------------------------- */

void h2_instance_lock(eighth_instance *instance)
{
    (void)pthread_mutex_lock(&instance->gate);
    (void)pthread_mutex_lock(&instance->lock);
    (void)pthread_mutex_unlock(&instance->gate);
}

void h2_instance_unlock(eighth_instance *instance)
{
    (void)pthread_mutex_unlock(&instance->lock);
}

int h2_instance_enter(eighth_instance *instance, enum eighth_phase phase,
                      struct eighth_error *error)
{
    h2_instance_lock(instance);
    if (instance->state != H2_OPEN) {
        h2_instance_unlock(instance);
        return h2_error_set(error, phase, EIGHTH_CANCELLED, 0, "the connection is not open");
    }
    if (instance->dead) {
        *error = instance->death;
        h2_instance_unlock(instance);
        return -1;
    }
    instance->users++;
    return 0;
}

void h2_instance_leave(eighth_instance *instance)
{
    h2_loop_hand_over(instance);
    instance->users--;
    if (instance->users == 0) {
        if (instance->caches.buffers != NULL) {
            instance->seams->buffers->trim(instance->caches.buffers);
        }
        (void)pthread_cond_broadcast(&instance->quiet);
    }
    h2_instance_unlock(instance);
}

/* ---- waiting for the socket
 * ------------------------------------------------------------------------- */

int h2_instance_sleep(eighth_instance *instance, struct pollfd *entries, unsigned long count,
                      uint64_t deadline)
{
    int ready;
    h2_instance_unlock(instance);
    do {
        uint64_t now = h2_now();
        struct timespec left = h2_timespec(deadline > now ? deadline - now : 0);
        ready = ppoll(entries, count, deadline == H2_NEVER ? NULL : &left, NULL);
    } while (ready < 0 && errno == EINTR);
    int number = errno;
    h2_instance_lock(instance);
    errno = number;
    return ready;
}

short h2_instance_poll(eighth_instance *instance, short events, uint64_t deadline)
{
    struct pollfd entry = {.fd = instance->link.wire.fd, .events = events};
    instance->pollers++;
    int ready = h2_instance_sleep(instance, &entry, 1, deadline);
    instance->pollers--;
    if (ready < 0) {
        return POLLERR; /* no memory in the kernel: the next operation on the socket tells */
    }
    if (ready > 0 && (entry.revents & ~POLLOUT) != 0) {
        h2_wire_readable(&instance->link.wire);
    }
    return ready == 0 ? 0 : entry.revents;
}

void h2_instance_wake_pollers(eighth_instance *instance)
{
    if (instance->pollers > 0 && instance->link.wire.fd >= 0) {
        /* Nothing of this is seen by the peer, and what has arrived can still be read. */
        (void)shutdown(instance->link.wire.fd, SHUT_RD);
    }
}

/* ---- what the instance uses
 * --------------------------------------------------------------------------- */

void h2_instance_count(eighth_instance *instance, enum h2_counter which, int64_t amount)
{
    instance->seams->counters->add(instance->counters, which, amount);
}

static struct h2_cache_handle handle(const struct h2_cache_ops *ops, struct h2_cache *own,
                                     struct h2_cache *shared)
{
    return (struct h2_cache_handle){ops, ops->process_wide ? shared : own};
}

struct h2_cache_handle h2_instance_sessions(eighth_instance *instance)
{
    return handle(instance->seams->sessions, instance->caches.sessions,
                  instance->process->caches.sessions);
}

struct h2_cache_handle h2_instance_names(eighth_instance *instance)
{
    return handle(instance->seams->names, instance->caches.names, instance->process->caches.names);
}

struct h2_cache_handle h2_instance_certificates(eighth_instance *instance)
{
    return handle(instance->seams->certificates, instance->caches.certificates,
                  instance->process->caches.certificates);
}

struct h2_cache_handle h2_instance_strings(eighth_instance *instance)
{
    return handle(instance->seams->strings, instance->caches.strings,
                  instance->process->caches.strings);
}

static struct h2_buffers *buffers_of(eighth_instance *instance)
{
    return instance->seams->buffers->process_wide ? instance->process->caches.buffers
                                                  : instance->caches.buffers;
}

void *h2_instance_lease(eighth_instance *instance)
{
    bool made = false;
    void *buffer = instance->seams->buffers->lease(buffers_of(instance), &made);
    if (buffer != NULL) {
        h2_instance_count(instance, H2_BUFFERS_IN_USE, 1);
        h2_instance_count(instance, H2_BUFFERS_MADE, made ? 1 : 0);
    }
    return buffer;
}

void h2_instance_give_back(eighth_instance *instance, void *buffer)
{
    if (buffer != NULL) {
        h2_instance_count(instance, H2_BUFFERS_IN_USE, -1);
        instance->seams->buffers->give_back(buffers_of(instance), buffer);
    }
}
