/* SPDX-License-Identifier: MIT
 *
 * Defect: the notes' remedy taken at its word: all socket operations hold one mutex, the read that
 * waits included.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include <errno.h>
#include <poll.h>

static struct h2_transport_ops tls;
static struct h2_transport_ops clear;

/* With the instance's lock, as every operation; so close cannot begin before the server speaks. */
static void wait_readable(const struct h2_link *link)
{
    struct pollfd entry = {.fd = link->wire.fd, .events = POLLIN};
    while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
    }
}

static enum h2_io locked_read(const struct h2_transport_ops *clean, struct h2_link *link,
                              void *bytes, size_t capacity, size_t *moved,
                              struct eighth_error *error)
{
    enum h2_io io;
    while ((io = clean->read(link, bytes, capacity, moved, error)) == H2_IO_WANT_READ) {
        if (!lab_awaits(link->instance)) {
            break;
        }
        wait_readable(link);
        h2_wire_readable(&link->wire);
    }
    return io;
}

static enum h2_io tls_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                           struct eighth_error *error)
{
    return locked_read(&h2_transport_tls, link, bytes, capacity, moved, error);
}

static enum h2_io clear_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                             struct eighth_error *error)
{
    return locked_read(&h2_transport_clear, link, bytes, capacity, moved, error);
}

static int apply(struct h2_seams *seams)
{
    tls = h2_transport_tls;
    tls.read = tls_read;
    clear = h2_transport_clear;
    clear.read = clear_read;
    seams->tls = &tls;
    seams->clear = &clear;
    return 0;
}

const struct lab_defect lab_mutex_across_read = {
    .name = "mutex-across-read",
    .seed = "all socket operations are protected by a mutex, to prevent concurrent access during "
            "close",
    .mechanism = "the reader holds the mutex for as long as the server is silent: close waits for "
                 "it, past every timeout",
    .plain = "hang; also error",
    .asan = "hang; also error",
    .tsan = "hang; also error",
    .twin = "{} (the lock is given up while waiting, outside of OpenSSL)",
    .apply = apply,
};
