/* SPDX-License-Identifier: MIT
 *
 * Defect: the TCP socket stays open when the TLS handshake on it fails.
 */
#include "client/lab/defects.h"

static struct h2_closing_ops closing;

/* The connection object owns the socket, and is only made after a handshake: before, nobody does.
 */
static void owning_finish(eighth_instance *instance, int orderly)
{
    if (instance->state == H2_OPENING) {
        instance->transport->release(&instance->link);
        instance->link.wire = (struct h2_wire)H2_WIRE_INIT;
    }
    h2_closing_orderly.finish(instance, orderly);
}

static int apply(struct h2_seams *seams)
{
    closing = h2_closing_orderly;
    closing.finish = owning_finish;
    seams->closing = &closing;
    return 0;
}

const struct lab_defect lab_fd_leak_on_handshake_failure = {
    .name = "fd-leak-on-handshake-failure",
    .seed = "if the SSL handshake fails, the TCP socket is not closed",
    .mechanism = "the socket is handed to an owner only after the handshake; the way out of a "
                 "failed one forgets it",
    .plain = "leak",
    .asan = "leak",
    .tsan = "leak",
    .twin = "{} (one way down, however far it went up)",
    .apply = apply,
};
