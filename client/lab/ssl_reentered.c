/* SPDX-License-Identifier: MIT
 *
 * Defect: one SSL object has several users at once, though only one runs at a time: a reader that
 * waits in the BIO gives way, inside SSL_read, to others that call SSL_write and SSL_shutdown.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include "client/h2/error.h"
#include "client/h2/loop.h"

#include <openssl/err.h>

enum { RELEASE_NO, RELEASE_YES };

static int release_buffers;
static int read_timeout_ms;

static struct h2_transport_ops tls;
static struct h2_closing_ops closing;

/* As a fiber does: the others run while this one waits. */
static bool give_way(struct lab_socket *socket)
{
    eighth_instance *instance = socket->instance;
    h2_instance_unlock(instance);
    bool ready = lab_socket_poll(socket);
    h2_instance_lock(instance);
    return ready;
}

static int reentered_start(struct h2_link *link, struct eighth_error *error)
{
    if (h2_transport_tls.start(link, error) != 0) {
        return -1;
    }
    struct lab_socket *socket = lab_socket_attach(link);
    if (socket == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_TLS);
    }
    socket->wait = give_way;
    socket->timeout_ms = read_timeout_ms;
    if (release_buffers == RELEASE_NO) {
        (void)SSL_clear_mode(link->ssl, SSL_MODE_RELEASE_BUFFERS);
    }
    return 0;
}

static enum h2_io reentered_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                                 struct eighth_error *error)
{
    lab_socket_of(link->ssl)->waits = lab_awaits(link->instance);
    ERR_clear_error();
    int result = SSL_read_ex(link->ssl, bytes, capacity, moved);
    return result == 1 ? H2_IO_DONE : lab_outcome(link, link->ssl, result, error);
}

/* The second SSL_shutdown reads. That the server sent data meanwhile is no failure of a close. */
static int await_answer(eighth_instance *instance, struct eighth_error *error)
{
    SSL *ssl = instance->link.ssl;
    if (SSL_shutdown(ssl) != 0) {
        return 0;
    }
    int result = SSL_shutdown(ssl);
    unsigned long code = ERR_peek_last_error();
    if (result >= 0 || code == 0 ||
        ERR_GET_REASON(code) == SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY) {
        return 0;
    }
    const char *text = ERR_reason_error_string(code);
    return h2_error_set(error, EIGHTH_PHASE_CLOSE, EIGHTH_PROTOCOL, (int64_t)code, "TLS failed: %s",
                        text != NULL ? text : "unknown error");
}

/* Says goodbye and waits for the answer. */
static int reentered_goodbye(eighth_instance *instance, uint64_t deadline,
                             struct eighth_error *error)
{
    (void)deadline;
    if (nghttp2_session_terminate_session(instance->session, NGHTTP2_NO_ERROR) == 0) {
        h2_loop_flush(instance);
    }
    if (instance->dead) {
        return 0;
    }
    lab_socket_of(instance->link.ssl)->waits = true;
    ERR_clear_error();
    return await_answer(instance, error);
}

static int apply(struct h2_seams *seams)
{
    tls = h2_transport_tls;
    tls.start = reentered_start;
    tls.read = reentered_read;
    closing = h2_closing_orderly;
    closing.goodbye = reentered_goodbye;
    seams->tls = &tls;
    seams->closing = &closing;
    return lab_socket_begin();
}

static const char *const choices[] = {[RELEASE_NO] = "no", [RELEASE_YES] = "yes", NULL};

static const struct lab_option options[] = {
    {"release_buffers",
     "SSL_MODE_RELEASE_BUFFERS; without it the buffer stays, but what one call notes about itself "
     "in the object another overwrites",
     choices, 0, 0, RELEASE_YES, &release_buffers},
    {"read_timeout_ms", "how long a read waits in the BIO before it gives up", NULL, 1, 60000, 50,
     &read_timeout_ms},
    {0},
};

const struct lab_defect lab_ssl_reentered = {
    .name = "ssl-reentered",
    .seed = "the heap is found corrupted, or the process segfaults in the TLS layer, after a "
            "random number of connections; removing the caches does not help: what the program of "
            "the notes really died of",
    .mechanism = "a nested SSL_shutdown empties and frees the record buffer "
                 "(SSL_MODE_RELEASE_BUFFERS) into which the waiting SSL_read then receives; a "
                 "nested SSL_write overwrites what the waiting call was waiting for",
    .plain = "error, crash, heap-corruption; also leak, hang",
    .asan = "error, asan; also ubsan, crash, heap-corruption, leak, hang",
    .tsan = "error, tsan; also crash, heap-corruption, leak, hang",
    .twin = "{} (one user of the SSL object at a time, and none that waits inside)",
    .options = options,
    .apply = apply,
    .end = lab_socket_end,
};
