/* SPDX-License-Identifier: MIT
 *
 * Decides which thread reads, which sends, and which sleeps.
 */
#include "client/h2/loop.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/protocol.h"

#include <poll.h>
#include <string.h>

/* While output is blocked, another thread's flush may end what a poller waits for, and the socket
 * may be full again before the poller looks: nothing wakes it then. It looks up this often. */
#define BLOCKED_SLICE_NS (20 * H2_NS_PER_MS)

/* ---- waiters ------------------------------------------------------------------------------------
 */

static void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void h2_waiter_enter(eighth_instance *instance, struct h2_waiter *waiter)
{
    memset(waiter, 0, sizeof(*waiter));
    waiter->error.size = sizeof(waiter->error);
    condition_init(&waiter->wake);
    waiter->next = instance->loop.waiters;
    if (waiter->next != NULL) {
        waiter->next->previous = waiter;
    }
    instance->loop.waiters = waiter;
}

void h2_waiter_leave(eighth_instance *instance, struct h2_waiter *waiter)
{
    *(waiter->previous != NULL ? &waiter->previous->next : &instance->loop.waiters) = waiter->next;
    if (waiter->next != NULL) {
        waiter->next->previous = waiter->previous;
    }
    (void)pthread_cond_destroy(&waiter->wake);
}

void h2_waiter_finish(struct h2_waiter *waiter, const struct eighth_error *error)
{
    if (waiter->done) {
        return;
    }
    waiter->done = true;
    if (error != NULL) {
        waiter->error = *error;
    }
    (void)pthread_cond_signal(&waiter->wake);
}

void h2_loop_hand_over(eighth_instance *instance)
{
    struct h2_loop *loop = &instance->loop;
    bool blocked = loop->blocked && !loop->leader_writes && loop->writer == NULL;
    if (loop->leader != NULL && !blocked) {
        return;
    }
    for (struct h2_waiter *waiter = loop->waiters; waiter != NULL; waiter = waiter->next) {
        if (!waiter->done && waiter != loop->leader) {
            (void)pthread_cond_signal(&waiter->wake);
            return;
        }
    }
}

void h2_loop_die(eighth_instance *instance, const struct eighth_error *error)
{
    if (instance->dead) {
        return;
    }
    instance->dead = true;
    instance->death = *error;
    instance->loop.blocked = false;
    h2_protocol_fail_all(instance, error);
    h2_instance_wake_pollers(instance);
}

void h2_loop_cancel(eighth_instance *instance)
{
    struct eighth_error error = H2_ERROR_INIT;
    (void)h2_error_set(&error, EIGHTH_PHASE_REQUEST, EIGHTH_CANCELLED, 0,
                       "the connection was closed");
    h2_protocol_fail_all(instance, &error);
}

/* ---- sending
 * -------------------------------------------------------------------------------------- */

/* Fills the output buffer with frames, many small ones together. -1: the connection is dead. */
static int gather(eighth_instance *instance)
{
    struct h2_loop *loop = &instance->loop;
    loop->output_begin = 0;
    loop->output_end = 0;
    while (loop->output_end < H2_BUFFER_BYTES) {
        if (loop->frame_length == 0) {
            ssize_t length = h2_protocol_next_output(instance, &loop->frame);
            if (length < 0) {
                return -1;
            }
            if (length == 0) {
                break;
            }
            loop->frame_length = (size_t)length;
        }
        size_t room = H2_BUFFER_BYTES - loop->output_end;
        size_t part = loop->frame_length < room ? loop->frame_length : room;
        memcpy(loop->output + loop->output_end, loop->frame, part);
        loop->output_end += part;
        loop->frame += part;
        loop->frame_length -= part;
    }
    return 0;
}

enum h2_io h2_loop_put(eighth_instance *instance)
{
    struct h2_loop *loop = &instance->loop;
    struct eighth_error error = H2_ERROR_INIT;
    while (loop->output_begin < loop->output_end) {
        size_t moved = 0;
        enum h2_io io =
            instance->transport->write(&instance->link, loop->output + loop->output_begin,
                                       loop->output_end - loop->output_begin, &moved, &error);
        if (io == H2_IO_END) {
            (void)h2_error_set(&error, EIGHTH_PHASE_H2, EIGHTH_RESET, 0,
                               "the server closed the connection");
        }
        if (io == H2_IO_END || io == H2_IO_FAILED) {
            h2_loop_die(instance, &error);
            return H2_IO_FAILED;
        }
        if (io != H2_IO_DONE) {
            return io;
        }
        loop->output_begin += moved;
        h2_instance_count(instance, H2_BYTES_SENT, (int64_t)moved);
    }
    return H2_IO_DONE;
}

static void release_output(eighth_instance *instance)
{
    h2_instance_give_back(instance, instance->loop.output);
    instance->loop.output = NULL;
    instance->loop.output_begin = 0;
    instance->loop.output_end = 0;
}

void h2_loop_flush(eighth_instance *instance)
{
    struct h2_loop *loop = &instance->loop;
    while (!instance->dead) {
        if (loop->output_begin == loop->output_end) {
            if (loop->frame_length == 0 && nghttp2_session_want_write(instance->session) == 0) {
                break;
            }
            if (loop->output == NULL && (loop->output = h2_instance_lease(instance)) == NULL) {
                struct eighth_error error = H2_ERROR_INIT;
                (void)h2_error_memory(&error, EIGHTH_PHASE_H2);
                h2_loop_die(instance, &error);
                break;
            }
            if (gather(instance) != 0 || loop->output_end == 0) {
                break;
            }
        }
        enum h2_io io = h2_loop_put(instance);
        if (io == H2_IO_WANT_WRITE || io == H2_IO_WANT_READ) {
            /* TLS may have to read first: the leader's reading then lets it go on. */
            loop->blocked = io == H2_IO_WANT_WRITE;
            return;
        }
    }
    loop->blocked = false;
    if (!instance->dead) { /* else a record may have begun that close must end: close.c */
        release_output(instance);
    }
    h2_protocol_check(instance);
}

/* ---- receiving
 * -------------------------------------------------------------------------------------- */

/* Reads once and dispatches. false: there is no more for now. */
static bool take(eighth_instance *instance, void *buffer)
{
    struct eighth_error error = H2_ERROR_INIT;
    size_t moved = 0;
    enum h2_io io =
        instance->transport->read(&instance->link, buffer, H2_BUFFER_BYTES, &moved, &error);
    switch (io) {
    case H2_IO_DONE:
        h2_instance_count(instance, H2_BYTES_RECEIVED, (int64_t)moved);
        return h2_protocol_input(instance, buffer, moved) == 0;
    case H2_IO_END:
        (void)h2_error_set(&error, EIGHTH_PHASE_H2, EIGHTH_RESET, 0,
                           "the server closed the connection");
        h2_loop_die(instance, &error);
        if (instance->goaway) { /* what began is cut off, what comes is refused */
            (void)h2_error_set(&instance->death, EIGHTH_PHASE_H2, EIGHTH_REFUSED, 0,
                               "the server went away");
        }
        return false;
    case H2_IO_FAILED:
        h2_loop_die(instance, &error);
        return false;
    default:
        return false;
    }
}

void h2_loop_receive(eighth_instance *instance, const struct h2_waiter *waiter, uint64_t deadline)
{
    void *buffer = h2_instance_lease(instance);
    if (buffer == NULL) {
        struct eighth_error error = H2_ERROR_INIT;
        (void)h2_error_memory(&error, EIGHTH_PHASE_H2);
        h2_loop_die(instance, &error);
        return;
    }
    instance->loop.unread = false;
    while (!instance->dead && take(instance, buffer)) {
        if ((waiter != NULL && waiter->done) || h2_expired(deadline)) {
            instance->loop.unread = true;
            break;
        }
    }
    h2_instance_give_back(instance, buffer);
}

void h2_loop_read(eighth_instance *instance, const struct h2_waiter *waiter, uint64_t deadline)
{
    h2_loop_receive(instance, waiter, deadline);
    h2_loop_flush(instance);
}

/* ---- waiting
 * ------------------------------------------------------------------------------------------ */

static void lead(eighth_instance *instance, struct h2_waiter *waiter, uint64_t deadline)
{
    struct h2_loop *loop = &instance->loop;
    loop->leader = waiter;
    if (!loop->unread) {
        uint64_t until = deadline;
        short events = POLLIN;
        if (loop->blocked) {
            events |= POLLOUT;
            until = h2_earlier(deadline, h2_now() + BLOCKED_SLICE_NS);
        }
        loop->leader_writes = loop->blocked;
        short ready = h2_instance_poll(instance, events, until);
        loop->leader_writes = false;
        if (waiter->done || ready == 0) {
            return;
        }
    }
    h2_loop_read(instance, waiter, deadline);
}

static void watch_output(eighth_instance *instance, struct h2_waiter *waiter, uint64_t deadline)
{
    instance->loop.writer = waiter;
    uint64_t until = h2_earlier(deadline, h2_now() + BLOCKED_SLICE_NS);
    short ready = h2_instance_poll(instance, POLLOUT, until);
    instance->loop.writer = NULL;
    if (!waiter->done && ready != 0) {
        h2_loop_flush(instance);
    }
}

static void follow(eighth_instance *instance, struct h2_waiter *waiter, uint64_t deadline)
{
    if (deadline == H2_NEVER) {
        (void)pthread_cond_wait(&waiter->wake, &instance->lock);
    } else {
        struct timespec until = h2_timespec(deadline);
        (void)pthread_cond_timedwait(&waiter->wake, &instance->lock, &until);
    }
}

bool h2_loop_wait(eighth_instance *instance, struct h2_waiter *waiter, uint64_t deadline)
{
    struct h2_loop *loop = &instance->loop;
    while (!waiter->done && !h2_expired(deadline)) {
        if (loop->leader == NULL || loop->leader == waiter) {
            lead(instance, waiter, deadline);
        } else if (loop->blocked && !loop->leader_writes && loop->writer == NULL) {
            watch_output(instance, waiter, deadline);
        } else {
            follow(instance, waiter, deadline);
        }
    }
    if (loop->leader == waiter) {
        loop->leader = NULL;
    }
    h2_loop_hand_over(instance);
    return waiter->done;
}

void h2_loop_clear(eighth_instance *instance)
{
    release_output(instance);
    memset(&instance->loop, 0, sizeof(instance->loop));
}
