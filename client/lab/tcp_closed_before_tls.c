/* SPDX-License-Identifier: MIT
 *
 * Defect: the layers go down in the wrong order, TCP before TLS.
 */
#include "client/lab/defects.h"

#include <openssl/err.h>
#include <time.h>
#include <unistd.h>

static int delay_us;

static struct h2_closing_ops closing;

/* The pause is the notes' own: it is to give OpenSSL time. The close_notify then goes to whoever
 * has got the descriptor's number meanwhile. */
static int hasty_goodbye(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    (void)deadline;
    (void)error;
    (void)close(instance->link.wire.fd);
    if (delay_us > 0) {
        const struct timespec pause = {0, delay_us * 1000L};
        (void)nanosleep(&pause, NULL);
    }
    ERR_clear_error();
    (void)SSL_shutdown(instance->link.ssl);
    instance->link.wire.fd = -1;
    return 0;
}

static int apply(struct h2_seams *seams)
{
    closing = h2_closing_orderly;
    closing.goodbye = hasty_goodbye;
    seams->closing = &closing;
    return 0;
}

static const struct lab_option options[] = {
    {"delay_us", "the pause after close", NULL, 0, 999999, 1000, &delay_us},
    {0},
};

const struct lab_defect lab_tcp_closed_before_tls = {
    .name = "tcp-closed-before-tls",
    .seed = "the fix closes the SSL socket before the TCP socket, and adds a small delay",
    .mechanism = "the number of a closed descriptor is given to the next socket; SSL_shutdown of "
                 "the old connection writes a record into the new one, which its server refuses",
    .plain = "fd-misuse; also error, cross-talk, wrong-response",
    .asan = "fd-misuse; also error, cross-talk, wrong-response",
    .tsan = "fd-misuse; also tsan, error, cross-talk, wrong-response",
    .twin = "{} (GOAWAY, close_notify, then close)",
    .options = options,
    .apply = apply,
};
