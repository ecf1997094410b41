/* SPDX-License-Identifier: MIT
 *
 * Defect: a helper thread does each handshake and tells its caller over a channel. A caller that
 * times out goes; the helper goes on waiting for the server, with the socket.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/memory.h"

#include <openssl/err.h>
#include <unistd.h>

#define MOMENT_NS (5 * H2_NS_PER_MS)

/* What both threads know; freed by the last of them. */
struct channel {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* sent */
    unsigned users;         /* guarded by lock, like the rest */
    bool sent;
    bool abandoned; /* the helper owns ssl and fd */
    int result;     /* of SSL_do_handshake */
    int reason;     /* of SSL_get_error */
    unsigned long code;
    SSL *ssl;
    int fd;
};

static struct h2_transport_ops tls;
static int channel_index = -1; /* of an SSL object's channel */

static void leave(struct channel *channel)
{
    bool last = --channel->users == 0;
    (void)pthread_mutex_unlock(&channel->lock);
    if (last) {
        (void)pthread_cond_destroy(&channel->changed);
        (void)pthread_mutex_destroy(&channel->lock);
        h2_release(channel);
    }
}

static void *helper(void *argument)
{
    struct channel *channel = argument;
    SSL *ssl = channel->ssl;
    int result;
    int reason;
    for (;;) {
        ERR_clear_error();
        result = SSL_do_handshake(ssl);
        reason = SSL_get_error(ssl, result);
        if (reason != SSL_ERROR_WANT_READ) {
            break;
        }
        (void)lab_socket_poll(lab_socket_of(ssl));
    }
    (void)pthread_mutex_lock(&channel->lock);
    channel->result = result;
    channel->reason = reason;
    channel->code = ERR_get_error();
    channel->sent = true;
    (void)pthread_cond_signal(&channel->changed);
    if (channel->abandoned) {
        SSL_free(ssl);
        (void)close(channel->fd);
    }
    leave(channel);
    return NULL;
}

static int start_helper(struct channel *channel)
{
    pthread_t thread;
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int result = pthread_create(&thread, &attributes, helper, channel);
    (void)pthread_attr_destroy(&attributes);
    return result;
}

static int helped_start(struct h2_link *link, struct eighth_error *error)
{
    if (h2_transport_tls.start(link, error) != 0) {
        return -1;
    }
    struct channel *channel = h2_allocate(sizeof(*channel));
    if (channel == NULL || lab_socket_attach(link) == NULL) {
        h2_release(channel);
        return h2_error_memory(error, EIGHTH_PHASE_TLS);
    }
    (void)pthread_mutex_init(&channel->lock, NULL);
    (void)pthread_cond_init(&channel->changed, NULL);
    channel->users = 2;
    channel->ssl = link->ssl;
    channel->fd = link->wire.fd;
    (void)SSL_set_ex_data(link->ssl, channel_index, channel);
    int number = start_helper(channel);
    if (number != 0) {
        (void)SSL_set_ex_data(link->ssl, channel_index, NULL);
        channel->users = 1;
        (void)pthread_mutex_lock(&channel->lock);
        leave(channel);
        return h2_error_errno(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, number, "thread");
    }
    return 0;
}

/* Gives the helper a moment to take what has arrived. */
static void await_helper_locked(struct channel *channel)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until = h2_timespec((uint64_t)until.tv_sec * H2_NS_PER_S + (uint64_t)until.tv_nsec + MOMENT_NS);
    while (!channel->sent &&
           pthread_cond_timedwait(&channel->changed, &channel->lock, &until) == 0) {
    }
}

/* The server speaks first after the handshake: that wakes the caller from its poll. */
static enum h2_io helped_handshake(struct h2_link *link, struct eighth_error *error)
{
    struct channel *channel = SSL_get_ex_data(link->ssl, channel_index);
    (void)pthread_mutex_lock(&channel->lock);
    await_helper_locked(channel);
    bool sent = channel->sent;
    int result = channel->result;
    (void)pthread_mutex_unlock(&channel->lock);
    if (!sent) {
        return H2_IO_WANT_READ;
    }
    if (result == 1) {
        return H2_IO_DONE;
    }
    link->broken = true;
    const char *text = ERR_reason_error_string(channel->code);
    (void)h2_error_set(error, EIGHTH_PHASE_TLS,
                       channel->reason == SSL_ERROR_SYSCALL ? EIGHTH_RESET : EIGHTH_PROTOCOL,
                       (int64_t)channel->code, "TLS failed: %s", text != NULL ? text : "end");
    return H2_IO_FAILED;
}

static void helped_release(struct h2_link *link)
{
    struct channel *channel = link->ssl != NULL ? SSL_get_ex_data(link->ssl, channel_index) : NULL;
    if (channel != NULL) {
        (void)SSL_set_ex_data(link->ssl, channel_index, NULL);
        (void)pthread_mutex_lock(&channel->lock);
        if (!channel->sent) {
            channel->abandoned = true;
            link->ssl = NULL;
            link->wire = (struct h2_wire)H2_WIRE_INIT;
        }
        leave(channel);
    }
    h2_transport_tls.release(link);
}

static int apply(struct h2_seams *seams)
{
    if (channel_index < 0) {
        channel_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    tls = h2_transport_tls;
    tls.start = helped_start;
    tls.handshake = helped_handshake;
    tls.release = helped_release;
    seams->tls = &tls;
    return channel_index < 0 ? -1 : lab_socket_begin();
}

const struct lab_defect lab_connect_timeout_thread = {
    .name = "connect-timeout-thread",
    .seed = "the connection timeout's fiber is not terminated: it goes on if its channel is not "
            "closed",
    .mechanism = "the helper has no deadline of its own: it waits in a read for a silent server, "
                 "and the socket that would wake it belongs to it alone",
    .plain = "leak",
    .asan = "leak; also lsan, asan, error",
    .tsan = "leak; also tsan, error",
    .twin = "{} (the handshake runs on the caller's own thread, with its deadline)",
    .apply = apply,
    .end = NULL, /* the method lives as long as the helpers' BIOs */
};
