/* SPDX-License-Identifier: MIT
 *
 * Defect: the same in clear text: close(2) takes the descriptor from under a waiting reader, whom
 * nothing wakes any more.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include "client/h2/error.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct h2_transport_ops clear;
static struct h2_closing_ops closing;

static enum h2_io waiting_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                               struct eighth_error *error)
{
    int fd = link->wire.fd;
    ssize_t got;
    if (!lab_awaits(link->instance)) {
        return h2_transport_clear.read(link, bytes, capacity, moved, error);
    }
    h2_instance_unlock(link->instance);
    while ((got = recv(fd, bytes, capacity, 0)) < 0 && (errno == EAGAIN || errno == EINTR)) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        (void)poll(&entry, 1, -1);
    }
    int number = errno;
    h2_instance_lock(link->instance);
    if (got < 0) {
        (void)h2_error_errno(error, EIGHTH_PHASE_H2, h2_error_class_of_errno(number), number,
                             "receive");
        return H2_IO_FAILED;
    }
    *moved = (size_t)got;
    return got == 0 ? H2_IO_END : H2_IO_DONE;
}

static int closing_goodbye(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    (void)deadline;
    (void)error;
    (void)close(instance->link.wire.fd);
    instance->link.wire.fd = -1;
    return 0;
}

static int apply(struct h2_seams *seams)
{
    clear = h2_transport_clear;
    clear.read = waiting_read;
    closing = h2_closing_orderly;
    closing.goodbye = closing_goodbye;
    seams->clear = &clear;
    seams->closing = &closing;
    return 0;
}

const struct lab_defect lab_close_while_reading_h2c = {
    .name = "close-while-reading-h2c",
    .seed = "with TLS disabled the tests hang instead of crashing",
    .mechanism = "close(2) does not wake a thread that waits on the descriptor: the reader holds "
                 "the socket open, waits for ever, and close waits for the reader",
    .plain = "hang; also error, fd-misuse",
    .asan = "hang; also error, fd-misuse",
    .tsan = "hang; also error, fd-misuse, tsan",
    .twin = "{} (shutdown(2) before close(2))",
    .apply = apply,
};
