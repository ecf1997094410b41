/* SPDX-License-Identifier: MIT
 *
 * Defect: a connection that was closed is closed again when its object goes.
 */
#include "client/lab/defects.h"

#include "client/h2/loop.h"
#include "client/h2/protocol.h"

#include <unistd.h>

enum { AGAIN_SSL, AGAIN_FD };

static int again;

static struct h2_transport_ops tls;
static struct h2_closing_ops closing;

/* Frees, and leaves the pointer where it is. */
static void careless_release(struct h2_link *link)
{
    if (link->ssl != NULL && link->instance->endpoint.tls) {
        SSL_free(link->ssl);
    }
}

/* Closes, and leaves the number where it is. */
static void careless_finish(eighth_instance *instance, int orderly)
{
    (void)orderly;
    h2_protocol_release(instance);
    h2_loop_clear(instance);
    if (again == AGAIN_SSL) {
        careless_release(&instance->link);
    } else {
        h2_transport_tls.release(&instance->link);
    }
    if (instance->link.wire.fd >= 0) {
        (void)close(instance->link.wire.fd);
        if (again == AGAIN_SSL) {
            instance->link.wire = (struct h2_wire)H2_WIRE_INIT;
        }
    }
    instance->goaway = false;
    instance->dead = false;
    instance->death = (struct eighth_error){.size = sizeof(struct eighth_error)};
}

/* The finalizer closes, too. */
static void careless_drop(eighth_instance *instance)
{
    careless_finish(instance, 0);
}

static int apply(struct h2_seams *seams)
{
    tls = h2_transport_tls;
    tls.release = careless_release;
    closing = h2_closing_orderly;
    closing.finish = careless_finish;
    closing.drop = careless_drop;
    seams->tls = &tls;
    seams->closing = &closing;
    return 0;
}

static const char *const whats[] = {[AGAIN_SSL] = "ssl", [AGAIN_FD] = "fd", NULL};

static const struct lab_option options[] = {
    {"again", "what the second close does: frees the SSL object, or closes the descriptor", whats,
     0, 0, AGAIN_SSL, &again},
    {0},
};

const struct lab_defect lab_double_close = {
    .name = "double-close",
    .seed = "a finalizer is added that frees what close may have freed; checks for closed sockets "
            "were missing",
    .mechanism = "the second SSL_free works on freed memory, or on the SSL object that another "
                 "connection has got there; the second close(2) takes the descriptor from whoever "
                 "has got its number",
    .plain = "fd-misuse, crash, heap-corruption; also error, cross-talk, wrong-response, hang",
    .asan = "fd-misuse, asan; also ubsan, error, cross-talk, wrong-response, hang, crash",
    .tsan = "fd-misuse, tsan; also error, cross-talk, wrong-response, hang, crash",
    .twin = "{} (close again does nothing)",
    .options = options,
    .apply = apply,
};
