/* SPDX-License-Identifier: MIT
 *
 * Decides the order in which a connection comes up, and what is left when it does not: nothing.
 */
#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/instance.h"
#include "client/h2/loop.h"
#include "client/h2/protocol.h"

#include <poll.h>
#include <string.h>

static int fail_cancelled(enum eighth_phase phase, struct eighth_error *error)
{
    return h2_error_set(error, phase, EIGHTH_CANCELLED, 0, "close was called during open");
}

/* What the endpoint means, made at the first open and kept. */
static int prepare(eighth_instance *instance, struct eighth_error *error)
{
    if (!instance->endpoint.tls) {
        return 0;
    }
    if (instance->context == NULL) {
        instance->context =
            instance->seams->contexts->acquire(instance->process, &instance->endpoint, error);
        if (instance->context == NULL) {
            return -1;
        }
    }
    if (instance->name == NULL) {
        bool hit = false;
        instance->name = h2_name_of(h2_instance_names(instance), instance->endpoint.host,
                                    instance->endpoint.sni, &hit);
        if (instance->name == NULL) {
            return h2_error_memory(error, EIGHTH_PHASE_TLS);
        }
        h2_instance_count(instance, hit ? H2_NAME_HITS : H2_NAME_MISSES, 1);
    }
    return 0;
}

/* Waits until the socket is as the transport wants it. */
static int await(eighth_instance *instance, enum h2_io want, enum eighth_phase phase,
                 uint64_t deadline, struct eighth_error *error)
{
    short ready = h2_instance_poll(instance, want == H2_IO_WANT_WRITE ? POLLOUT : POLLIN, deadline);
    if (instance->cancelled) {
        return fail_cancelled(phase, error);
    }
    if (ready == 0) {
        return h2_error_set(error, phase, EIGHTH_TIMEOUT, 0, "%s not complete in time",
                            phase == EIGHTH_PHASE_TLS ? "TLS handshake" : "HTTP/2 preface");
    }
    return 0;
}

static int handshake(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    if (instance->transport->start(&instance->link, error) != 0) {
        return -1;
    }
    for (;;) {
        enum h2_io io = instance->transport->handshake(&instance->link, error);
        if (io == H2_IO_DONE) {
            return 0;
        }
        if (io == H2_IO_FAILED || io == H2_IO_END) {
            return -1;
        }
        if (await(instance, io, EIGHTH_PHASE_TLS, deadline, error) != 0) {
            return -1;
        }
    }
}

/* Sends preface and SETTINGS; the server's own are awaited by the first request. */
static int greet(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    if (h2_protocol_start(instance, error) != 0) {
        return -1;
    }
    for (;;) {
        h2_loop_flush(instance);
        if (instance->dead) {
            *error = instance->death;
            return -1;
        }
        if (!instance->loop.blocked) {
            return 0;
        }
        if (await(instance, H2_IO_WANT_WRITE, EIGHTH_PHASE_H2, deadline, error) != 0) {
            return -1;
        }
    }
}

static void describe(eighth_instance *instance, struct eighth_connection *connection)
{
    SSL *ssl = instance->link.ssl;
    connection->fd = instance->link.wire.fd;
    if (ssl == NULL) {
        return;
    }
    connection->tls_version = (uint16_t)SSL_version(ssl);
    connection->resumed = SSL_session_reused(ssl) == 1;
    const unsigned char *selected = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl, &selected, &length);
    if (length > 0 && length < sizeof(connection->alpn)) {
        memcpy(connection->alpn, selected, length);
    }
    h2_instance_count(instance, connection->resumed ? H2_HANDSHAKES_RESUMED : H2_HANDSHAKES_FULL,
                      1);
}

static int bring_up(eighth_instance *instance, uint64_t deadline,
                    struct eighth_connection *connection, struct eighth_error *error)
{
    if (prepare(instance, error) != 0 ||
        instance->seams->dial->connect(instance, deadline, connection, error) != 0) {
        return -1;
    }
    if (instance->cancelled) {
        return fail_cancelled(EIGHTH_PHASE_TCP, error);
    }
    uint64_t begun = h2_now();
    if (handshake(instance, deadline, error) != 0) {
        return -1;
    }
    connection->tls_ns = instance->endpoint.tls ? h2_now() - begun : 0;
    if (greet(instance, deadline, error) != 0) {
        return -1;
    }
    describe(instance, connection);
    return 0;
}

/* Takes down what has come up. A server that was told something, such as an alert, is to read it.
 */
static void take_down(eighth_instance *instance, struct eighth_error *error)
{
    if (instance->cancelled) {
        (void)fail_cancelled(error->phase != 0 ? (enum eighth_phase)error->phase : EIGHTH_PHASE_TCP,
                             error);
    } else if (error->phase == EIGHTH_PHASE_ALPN) {
        struct eighth_error ignored = H2_ERROR_INIT;
        (void)instance->transport->goodbye(&instance->link, &ignored);
    }
    instance->seams->closing->finish(instance, 1);
    instance->state = H2_IDLE;
    instance->generation++;
}

int h2_open(eighth_instance *instance, uint64_t timeout_ns, struct eighth_connection *connection,
            struct eighth_error *error)
{
    uint64_t deadline = h2_deadline(timeout_ns);
    h2_instance_lock(instance);
    if (instance->state != H2_IDLE) {
        h2_instance_unlock(instance);
        return h2_error_set(error, EIGHTH_PHASE_TCP, EIGHTH_UNSUPPORTED, 0,
                            "the instance is open already, or being opened or closed");
    }
    instance->state = H2_OPENING;
    instance->cancelled = false;
    instance->users++;
    connection->fd = -1;
    int result = bring_up(instance, deadline, connection, error);
    if (result == 0 && instance->cancelled) {
        result = fail_cancelled(EIGHTH_PHASE_H2, error);
    }
    if (result != 0) {
        take_down(instance, error);
    } else {
        instance->state = H2_OPEN;
    }
    h2_instance_count(instance, result == 0 ? H2_OPENS : H2_OPEN_FAILURES, 1);
    (void)pthread_cond_broadcast(&instance->quiet);
    h2_instance_leave(instance);
    return result;
}
