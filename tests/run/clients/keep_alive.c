/* SPDX-License-Identifier: MIT
 *
 * The client of docs/your-client.md with a pool of connections that all instances share: open takes
 * one that is idle, and connects only if there is none; close gives it back. With EIGHTH_TEST_LATE
 * nothing is kept, but open leaves it to the first request to connect.
 */

/* The example's own function, and with it the structure of that name, is another one than this
 * library's. */
#define eighth_client example_client
#include "docs/examples/your_client.c"
#undef eighth_client

#include <pthread.h>

#define MOST 512

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static BIO *idle[MOST];
static int idle_count;

static int is_late(void)
{
    return getenv("EIGHTH_TEST_LATE") != NULL;
}

static int open_pooled(eighth_instance *me, uint64_t timeout_ns,
                       struct eighth_connection *connection, struct eighth_error *error)
{
    if (is_late()) {
        return 0;
    }
    (void)pthread_mutex_lock(&mutex);
    me->bio = idle_count > 0 ? idle[--idle_count] : NULL;
    (void)pthread_mutex_unlock(&mutex);
    if (me->bio == NULL) {
        return connect_to_server(me, timeout_ns, connection, error);
    }
    connection->fd = (int32_t)BIO_get_fd(me->bio, NULL);
    return 0;
}

/* A connection that failed is not used again, nor told of its end: it may be gone. */
static int throw_away(eighth_instance *me)
{
    SSL *ssl = NULL;
    (void)BIO_get_ssl(me->bio, &ssl);
    SSL_set_quiet_shutdown(ssl, 1);
    BIO_free_all(me->bio);
    me->bio = NULL;
    return -1;
}

static int request_pooled(eighth_instance *me, const struct eighth_request *request,
                          struct eighth_response *response, uint64_t timeout_ns,
                          struct eighth_error *error)
{
    struct eighth_connection connection = {.size = sizeof connection};
    if (me->bio == NULL && connect_to_server(me, timeout_ns, &connection, error) != 0) {
        return -1;
    }
    int result = make_request(me, request, response, timeout_ns, error);
    return result == 0 ? 0 : throw_away(me);
}

static int give_back(eighth_instance *me, int mode, uint64_t timeout_ns, struct eighth_error *error)
{
    (void)pthread_mutex_lock(&mutex);
    if (me->bio != NULL && !is_late() && idle_count < MOST) {
        idle[idle_count++] = me->bio;
        me->bio = NULL;
    }
    (void)pthread_mutex_unlock(&mutex);
    return hang_up(me, mode, timeout_ns, error);
}

static void cleanup(eighth_process *process)
{
    (void)process;
    while (idle_count > 0) {
        BIO_free_all(idle[--idle_count]);
    }
}

EIGHTH_EXPORT const struct example_client *eighth_client(void);

const struct example_client *eighth_client(void)
{
    static struct example_client table;
    table = *example_client();
    table.cleanup = cleanup;
    table.open = open_pooled;
    table.request = request_pooled;
    table.close = give_back;
    return &table;
}
