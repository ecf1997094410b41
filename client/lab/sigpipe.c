/* SPDX-License-Identifier: MIT
 *
 * Defect: the socket is written with write(2), and nobody ignores SIGPIPE.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include "client/h2/error.h"

#include <openssl/err.h>

static struct h2_transport_ops tls;

static int piped_start(struct h2_link *link, struct eighth_error *error)
{
    if (h2_transport_tls.start(link, error) != 0) {
        return -1;
    }
    struct lab_socket *socket = lab_socket_attach(link);
    if (socket == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_TLS);
    }
    socket->raises_pipe = true;
    return 0;
}

/* Politely says goodbye, also to a server that has gone. */
static void polite_release(struct h2_link *link)
{
    if (link->ssl != NULL && !SSL_in_init(link->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(link->ssl);
        ERR_clear_error();
    }
    h2_transport_tls.release(link);
}

static int apply(struct h2_seams *seams)
{
    tls = h2_transport_tls;
    tls.start = piped_start;
    tls.release = polite_release;
    seams->tls = &tls;
    return lab_socket_begin();
}

const struct lab_defect lab_sigpipe = {
    .name = "sigpipe",
    .seed = "checks for sockets that are closed already were missing",
    .mechanism = "close_notify is written to a connection that the server has reset: the signal's "
                 "default action ends the process",
    .plain = "crash",
    .asan = "crash",
    .tsan = "crash",
    .twin = "{} (MSG_NOSIGNAL, and no goodbye where TLS or TCP failed)",
    .apply = apply,
    .end = lab_socket_end,
};
