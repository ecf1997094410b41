/* SPDX-License-Identifier: MIT
 *
 * When a thread of the target wakes up, and what it does first.
 */
#include "harness/target/loop.h"

#include "harness/base/clock.h"
#include "harness/target/connection.h"
#include "harness/target/stream.h"
#include "harness/target/target.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 128
/* Connections accepted in one turn: the rest is left to the other threads. */
#define ACCEPT_BATCH 16
/* Out of descriptors or memory, trying again at once would only burn the processor. */
#define ACCEPT_PAUSE (20 * NS_PER_MS)

/* ---- accepting ---- */

static void forget_listeners(struct loop *loop)
{
    for (unsigned i = 0; i < loop->target->listener_count; i++) {
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->target->listeners[i], NULL);
    }
    loop->listening = false;
}

static bool watch_listeners(struct loop *loop)
{
    loop->listening = true;
    for (unsigned i = 0; i < loop->target->listener_count; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                    .data = {.ptr = &loop->target->listeners[i]}};
        if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->target->listeners[i], &event) != 0) {
            forget_listeners(loop);
            return false;
        }
    }
    return true;
}

static void pause_over(struct timer *timer)
{
    struct loop *loop = (struct loop *)((char *)timer - offsetof(struct loop, accept_pause));
    if (!loop->listening && !watch_listeners(loop)) {
        (void)timers_set(&loop->timers, &loop->accept_pause, clock_now() + ACCEPT_PAUSE);
    }
}

static void pause_accepting(struct loop *loop)
{
    loop->counters->accept_errors++;
    if (loop->listening &&
        timers_set(&loop->timers, &loop->accept_pause, clock_now() + ACCEPT_PAUSE) == 0) {
        forget_listeners(loop);
    }
}

/* True while there may be more at that listener. */
static bool accept_one(struct loop *loop, unsigned listener)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    struct ledger_arrival arrival = {.target_port = loop->target->ledger->ports[listener],
                                     .sought = clock_now()};
    int fd = accept4(loop->target->listeners[listener], (struct sockaddr *)&peer, &length,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        arrival.client_port = ntohs(peer.sin_port);
        arrival.now = clock_now();
        connection_accept(loop, fd, &arrival);
        return true;
    }
    switch (errno) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        pause_accepting(loop);
        return false;
    default:
        /* The one connection is broken (ECONNABORTED and the network's errors), or EINTR. */
        return true;
    }
}

static void drain(struct loop *loop)
{
    uint64_t order = atomic_load_explicit(&loop->target->drain_order, memory_order_acquire);
    if (order == loop->drained) {
        return;
    }
    loop->drained = order;
    for (unsigned i = 0; i < loop->target->listener_count; i++) {
        while (accept_one(loop, i)) {
        }
    }
    target_report_drained(loop->target, order);
}

/* ---- the loop ---- */

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    (void)!write(loop->wake, &one, sizeof one);
}

int loop_watch(struct loop *loop, struct connection *connection, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
}

void loop_watch_writable(struct loop *loop, struct connection *connection, int fd, bool writable)
{
    struct epoll_event event = {.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data = {.ptr = connection}};
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event);
}

/* The number of the listener that an event is about; listener_count: of none. */
static unsigned listener_of(const struct loop *loop, const struct epoll_event *event)
{
    const struct target *target = loop->target;
    uintptr_t place = (uintptr_t)event->data.ptr;
    uintptr_t first = (uintptr_t)target->listeners;
    uintptr_t end = (uintptr_t)(target->listeners + target->listener_count);
    return place >= first && place < end ? (unsigned)((place - first) / sizeof(int))
                                         : target->listener_count;
}

static void take_event(struct loop *loop, const struct epoll_event *event)
{
    unsigned listener = listener_of(loop, event);
    if (listener < loop->target->listener_count) {
        for (int i = 0; i < ACCEPT_BATCH && accept_one(loop, listener); i++) {
        }
    } else if (event->data.ptr == loop) {
        uint64_t count;
        (void)!read(loop->wake, &count, sizeof count);
    } else {
        connection_event(event->data.ptr);
    }
}

/* Milliseconds until the next timer, rounded up so that no turn is in vain; -1: for ever. */
static int time_to_wait(const struct loop *loop)
{
    uint64_t due = timers_next(&loop->timers);
    if (due == UINT64_MAX) {
        return -1;
    }
    uint64_t now = clock_now();
    return due <= now ? 0 : (int)((due - now + NS_PER_MS - 1) / NS_PER_MS);
}

static void *run(void *argument)
{
    struct loop *loop = argument;
    struct epoll_event events[EVENTS];
    while (!atomic_load_explicit(&loop->target->stopping, memory_order_acquire)) {
        int count = epoll_wait(loop->epoll, events, EVENTS, time_to_wait(loop));
        for (int i = 0; i < count; i++) {
            take_event(loop, &events[i]);
        }
        drain(loop);
        if (timers_next(&loop->timers) != UINT64_MAX) {
            timers_run(&loop->timers, clock_now());
        }
    }
    while (loop->connections != NULL) {
        connection_abandon(loop->connections);
    }
    return NULL;
}

/* ---- life ---- */

static void release(struct loop *loop)
{
    while (loop->spare != NULL) {
        struct stream *stream = loop->spare;
        loop->spare = stream->next;
        free(stream);
    }
    timers_release(&loop->timers);
    if (loop->epoll >= 0) {
        (void)close(loop->epoll);
    }
    if (loop->wake >= 0) {
        (void)close(loop->wake);
    }
}

static int open_descriptors(struct loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = loop}};
    return loop->epoll >= 0 && loop->wake >= 0 &&
                   epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) == 0 &&
                   watch_listeners(loop)
               ? 0
               : -1;
}

int loop_start(struct loop *loop, struct target *target, unsigned index, struct failure *failure)
{
    loop->target = target;
    loop->index = index;
    loop->counters = &target->ledger->counters[index];
    loop->accept_pause.fire = pause_over;
    int error = open_descriptors(loop) == 0 ? 0 : errno;
    if (error == 0) {
        error = pthread_create(&loop->thread, NULL, run, loop);
    }
    if (error != 0) {
        release(loop);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                             "cannot start thread %u of the target", index + 1);
    }
    return 0;
}

void loop_join(struct loop *loop)
{
    (void)pthread_join(loop->thread, NULL);
    release(loop);
}
