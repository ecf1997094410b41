/* SPDX-License-Identifier: MIT
 *
 * Decides the order in which a connection goes down, and who waits for whom meanwhile.
 */
#include "client/h2/closing.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/instance.h"
#include "client/h2/loop.h"
#include "client/h2/protocol.h"
#include "client/h2/resolve.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A peer that does not read is not waited for longer than this, if close has no timeout. */
#define PATIENCE_NS (1 * H2_NS_PER_S)

/* ---- the layers, from the top -------------------------------------------------------------------
 */

static int await_writable(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    if (h2_instance_poll(instance, POLLOUT, deadline) == 0) {
        return h2_error_set(error, EIGHTH_PHASE_CLOSE, EIGHTH_TIMEOUT, 0,
                            "the server does not read: the goodbye could not be sent");
    }
    return 0;
}

/* Sends GOAWAY and what stands before it. */
static int end_http2(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    if (nghttp2_session_terminate_session(instance->session, NGHTTP2_NO_ERROR) != 0) {
        return h2_error_memory(error, EIGHTH_PHASE_CLOSE);
    }
    for (h2_loop_flush(instance); instance->loop.blocked; h2_loop_flush(instance)) {
        if (await_writable(instance, deadline, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* A record that OpenSSL has begun must end before close_notify: one may be left of a connection
 * that died above TLS. */
static enum h2_io say_goodbye(eighth_instance *instance)
{
    struct eighth_error ignored = H2_ERROR_INIT; /* a peer that has gone misses no goodbye */
    if (instance->link.ssl != NULL && !instance->link.broken &&
        h2_loop_put(instance) == H2_IO_WANT_WRITE) {
        return H2_IO_WANT_WRITE;
    }
    return instance->transport->goodbye(&instance->link, &ignored);
}

static int end_transport(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    while (say_goodbye(instance) == H2_IO_WANT_WRITE) {
        if (await_writable(instance, deadline, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* A dead connection may have TLS in good health: the server said goodbye first, or broke HTTP/2.
 * Its close_notify is answered (RFC 5246 7.2.1). */
static int end_layers(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    /* GOAWAY, close_notify and FIN share a segment. */
    instance->link.wire.more = true;
    int result = instance->dead ? 0 : end_http2(instance, deadline, error);
    if (result == 0) {
        result = end_transport(instance, deadline, error);
    }
    instance->link.wire.more = false;
    h2_wire_end(&instance->link.wire);
    return result;
}

static int orderly_goodbye(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    if (instance->pollers == 0) {
        /* What has arrived is taken first: session tickets may be among it. Where a thread polls,
         * it has read all but the last moment's. */
        h2_wire_readable(&instance->link.wire);
        h2_loop_read(instance, NULL, deadline);
    }
    return end_layers(instance, deadline, error);
}

static void orderly_finish(eighth_instance *instance, int orderly)
{
    h2_protocol_release(instance);
    h2_loop_clear(instance);
    instance->transport->release(&instance->link);
    if (instance->link.wire.fd >= 0) {
        if (orderly) {
            h2_wire_drain(&instance->link.wire);
        }
        (void)close(instance->link.wire.fd);
        instance->link.wire = (struct h2_wire)H2_WIRE_INIT;
    }
    instance->goaway = false;
    instance->dead = false;
    instance->death = (struct eighth_error)H2_ERROR_INIT;
}

static void orderly_drop(eighth_instance *instance)
{
    orderly_finish(instance, 0);
}

const struct h2_closing_ops h2_closing_orderly = {orderly_goodbye, orderly_finish, orderly_drop};

/* ---- close
 * ---------------------------------------------------------------------------------------- */

static void await_change(eighth_instance *instance, enum h2_state state, uint64_t generation)
{
    while (instance->state == state && instance->generation == generation) {
        (void)pthread_cond_wait(&instance->quiet, &instance->lock);
    }
}

/* The thread in open takes everything down itself. */
static void cancel_open(eighth_instance *instance)
{
    instance->cancelled = true;
    h2_resolve_wake(instance);
    if (instance->link.wire.fd >= 0) {
        (void)shutdown(instance->link.wire.fd, SHUT_RDWR);
    }
    await_change(instance, H2_OPENING, instance->generation);
}

static int close_connection(eighth_instance *instance, int mode, uint64_t timeout_ns,
                            struct eighth_error *error)
{
    int result = 0;
    bool graceful = mode == EIGHTH_CLOSE_GRACEFUL;
    instance->state = H2_CLOSING;
    h2_loop_cancel(instance);
    h2_instance_wake_pollers(instance);
    if (graceful) {
        uint64_t deadline = h2_deadline(timeout_ns != 0 ? timeout_ns : PATIENCE_NS);
        result = instance->dead ? end_layers(instance, deadline, error)
                                : instance->seams->closing->goodbye(instance, deadline, error);
    }
    if (instance->users > 0) {
        (void)shutdown(instance->link.wire.fd, SHUT_RDWR);
    }
    while (instance->users > 0) {
        (void)pthread_cond_wait(&instance->quiet, &instance->lock);
    }
    instance->seams->closing->finish(instance, graceful);
    instance->state = H2_IDLE;
    instance->generation++;
    (void)pthread_cond_broadcast(&instance->quiet);
    return result;
}

int h2_close(eighth_instance *instance, int mode, uint64_t timeout_ns, struct eighth_error *error)
{
    int result = 0;
    h2_instance_lock(instance);
    switch (instance->state) {
    case H2_IDLE:
        break;
    case H2_OPENING:
        cancel_open(instance);
        break;
    case H2_OPEN:
        result = close_connection(instance, mode, timeout_ns, error);
        break;
    case H2_CLOSING:
        await_change(instance, H2_CLOSING, instance->generation);
        break;
    }
    h2_instance_unlock(instance);
    return result;
}
