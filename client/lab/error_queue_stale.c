/* SPDX-License-Identifier: MIT
 *
 * Defect: OpenSSL's error queue, which belongs to the thread, is not cleared before the calls that
 * are judged by it.
 */
#include "client/lab/defects.h"

#include "client/h2/error.h"

#include <openssl/err.h>

static struct h2_transport_ops tls;

/* Looks at the queue and leaves it as it is: SSL_get_error does, too. */
static enum h2_io judge(struct h2_link *link, int result, enum eighth_phase phase,
                        struct eighth_error *error)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(code);
    bool certificate = ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_NONE:
        return H2_IO_DONE;
    case SSL_ERROR_WANT_READ:
        return H2_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return H2_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return H2_IO_END;
    case SSL_ERROR_SYSCALL:
        link->broken = true;
        (void)h2_error_set(error, phase, EIGHTH_RESET, 0, "the connection failed");
        return H2_IO_FAILED;
    default:
        link->broken = true;
        (void)h2_error_set(error, phase, certificate ? EIGHTH_CERTIFICATE : EIGHTH_PROTOCOL,
                           (int64_t)code, "TLS failed: %s", text != NULL ? text : "unknown error");
        return H2_IO_FAILED;
    }
}

static enum h2_io stale_handshake(struct h2_link *link, struct eighth_error *error)
{
    int result = SSL_do_handshake(link->ssl);
    return result == 1 ? H2_IO_DONE : judge(link, result, EIGHTH_PHASE_TLS, error);
}

static enum h2_io stale_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                             struct eighth_error *error)
{
    int result = SSL_read_ex(link->ssl, bytes, capacity, moved);
    return result == 1 ? H2_IO_DONE : judge(link, result, EIGHTH_PHASE_H2, error);
}

static enum h2_io stale_write(struct h2_link *link, const void *bytes, size_t length, size_t *moved,
                              struct eighth_error *error)
{
    int result = SSL_write_ex(link->ssl, bytes, length, moved);
    return result == 1 ? H2_IO_DONE : judge(link, result, EIGHTH_PHASE_H2, error);
}

static int apply(struct h2_seams *seams)
{
    tls = h2_transport_tls;
    tls.handshake = stale_handshake;
    tls.read = stale_read;
    tls.write = stale_write;
    seams->tls = &tls;
    return 0;
}

const struct lab_defect lab_error_queue_stale = {
    .name = "error-queue-stale",
    .seed = "the code does not clear SSL error queues",
    .mechanism = "SSL_get_error reads the thread's queue: what another connection left there makes "
                 "the next call that would only have to wait a failure",
    .plain = "error",
    .asan = "error",
    .tsan = "error",
    .twin = "{} (ERR_clear_error before each call)",
    .apply = apply,
};
