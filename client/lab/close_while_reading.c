/* SPDX-License-Identifier: MIT
 *
 * Defect: close frees the TLS connection, though another thread waits in a read on it.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include "client/h2/error.h"

#include <openssl/err.h>
#include <time.h>

enum { REMEDY_NONE, REMEDY_DELAY, REMEDY_MUTEX };

static int remedy;
static int delay_ms;

static struct h2_transport_ops tls;
static struct h2_closing_ops closing;

static int reading_start(struct h2_link *link, struct eighth_error *error)
{
    if (h2_transport_tls.start(link, error) != 0) {
        return -1;
    }
    struct lab_socket *socket = lab_socket_attach(link);
    if (socket == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_TLS);
    }
    socket->wait = lab_socket_poll;
    return 0;
}

/* Nobody else gets in while the lock is held, so it is not held: the read may take long. */
static enum h2_io reading_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                               struct eighth_error *error)
{
    SSL *ssl = link->ssl;
    if (ssl == NULL) {
        return H2_IO_END;
    }
    lab_socket_of(ssl)->waits = lab_awaits(link->instance);
    h2_instance_unlock(link->instance);
    ERR_clear_error();
    int result = SSL_read_ex(ssl, bytes, capacity, moved);
    h2_instance_lock(link->instance);
    return result == 1 ? H2_IO_DONE : lab_outcome(link, ssl, result, error);
}

static enum h2_io reading_write(struct h2_link *link, const void *bytes, size_t length,
                                size_t *moved, struct eighth_error *error)
{
    return link->ssl == NULL ? H2_IO_END
                             : h2_transport_tls.write(link, bytes, length, moved, error);
}

/* The notes' remedies: a little time for OpenSSL, and a mutex for every operation but the one that
 * cannot hold it, because it waits. */
static int reading_goodbye(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    static pthread_mutex_t operations = PTHREAD_MUTEX_INITIALIZER;
    (void)deadline;
    (void)error;
    if (remedy == REMEDY_MUTEX) {
        (void)pthread_mutex_lock(&operations);
    }
    ERR_clear_error();
    (void)SSL_shutdown(instance->link.ssl);
    if (remedy == REMEDY_DELAY) {
        const struct timespec pause = {delay_ms / 1000, delay_ms % 1000 * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    instance->transport->release(&instance->link);
    if (remedy == REMEDY_MUTEX) {
        (void)pthread_mutex_unlock(&operations);
    }
    return 0;
}

static int apply(struct h2_seams *seams)
{
    tls = h2_transport_tls;
    tls.start = reading_start;
    tls.read = reading_read;
    tls.write = reading_write;
    closing = h2_closing_orderly;
    closing.goodbye = reading_goodbye;
    seams->tls = &tls;
    seams->closing = &closing;
    return lab_socket_begin();
}

static const char *const remedies[] = {
    [REMEDY_NONE] = "none", [REMEDY_DELAY] = "delay", [REMEDY_MUTEX] = "mutex", NULL};

static const struct lab_option options[] = {
    {"remedy",
     "what the notes propose: delay (a pause after SSL_shutdown), mutex (around all but "
     "the waiting read)",
     remedies, 0, 0, REMEDY_NONE, &remedy},
    {"delay_ms", "how long the pause is", NULL, 0, 1000, 10, &delay_ms},
    {0},
};

const struct lab_defect lab_close_while_reading = {
    .name = "close-while-reading",
    .seed = "SSL sockets are closed while operations are pending",
    .mechanism = "SSL_free on one thread while another waits in the BIO below SSL_read on the same "
                 "object; woken, it goes on in freed memory",
    .plain = "crash, heap-corruption; also error, leak, hang",
    .asan = "asan; also ubsan, crash, heap-corruption, error, leak, hang",
    .tsan = "tsan; also crash, heap-corruption, error, leak, hang",
    .twin = "{} (close waits until no thread is inside)",
    .options = options,
    .apply = apply,
    .end = lab_socket_end,
};
