/* SPDX-License-Identifier: MIT
 *
 * Decides which address is tried when, and for how long.
 */
#include "client/h2/dial.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/instance.h"
#include "client/h2/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* On loopback, the kernel may choose the very port that is connected to as the local one, and TCP
 * then connects to itself (simultaneous open): nobody listens there. */
static bool connected_to_itself(int fd, uint16_t port)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof(local);
    if (getsockname(fd, (struct sockaddr *)&local, &length) != 0) {
        return false;
    }
    uint16_t own = local.ss_family == AF_INET ? ((struct sockaddr_in *)&local)->sin_port
                                              : ((struct sockaddr_in6 *)&local)->sin6_port;
    if (ntohs(own) != port) {
        return false;
    }
    struct sockaddr_storage peer;
    socklen_t peer_length = sizeof(peer);
    return getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 && peer_length == length &&
           memcmp(&peer, &local, length) == 0;
}

/* Waits for connect(2) to end: its errno value, or ETIMEDOUT at the deadline. */
static int await_connect(eighth_instance *instance, uint64_t deadline)
{
    short ready = h2_instance_poll(instance, POLLOUT, deadline);
    if (ready == 0) {
        return ETIMEDOUT;
    }
    if (instance->cancelled) {
        return ECANCELED;
    }
    if ((ready & (POLLERR | POLLHUP)) == 0) {
        return 0;
    }
    int number = 0;
    socklen_t length = sizeof(number);
    if (getsockopt(instance->link.wire.fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) {
        return errno;
    }
    return number;
}

static int fail_connect(int number, struct eighth_error *error)
{
    return h2_error_errno(error, EIGHTH_PHASE_TCP, h2_error_class_of_errno(number), number,
                          "connect");
}

static int connect_one(eighth_instance *instance, const struct h2_address *address,
                       uint64_t deadline, struct eighth_error *error)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return h2_error_errno(error, EIGHTH_PHASE_TCP, EIGHTH_INTERNAL, errno, "socket");
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* only a delay if refused */
    instance->link.wire = (struct h2_wire)H2_WIRE_INIT;
    instance->link.wire.fd = fd;

    int number = connect(fd, &address->any, address->length) == 0 ? 0 : errno;
    if (number == EINPROGRESS || number == EINTR) {
        number = await_connect(instance, deadline);
    }
    if (number == 0 && connected_to_itself(fd, instance->endpoint.port)) {
        number = ECONNREFUSED;
    }
    if (number != 0) {
        instance->link.wire.fd = -1;
        (void)close(fd);
        return fail_connect(number, error);
    }
    instance->link.wire.drained = true; /* a server speaks second; poll(2) tells if one does not */
    return 0;
}

/* Each address gets an equal share of the time left, so that one that never answers does not take
 * the time of those after it. */
static int connect_any(eighth_instance *instance, const struct h2_addresses *addresses,
                       uint64_t deadline, struct eighth_connection *connection,
                       struct eighth_error *error)
{
    for (unsigned i = 0; i < addresses->count; i++) {
        uint64_t begun = h2_now();
        if (instance->cancelled || begun >= deadline) {
            return fail_connect(instance->cancelled ? ECANCELED : ETIMEDOUT, error);
        }
        unsigned left = addresses->count - i;
        uint64_t share = deadline == H2_NEVER ? H2_NEVER : begun + (deadline - begun) / left;
        if (connect_one(instance, &addresses->list[i], share, error) == 0) {
            connection->tcp_ns = h2_now() - begun;
            return 0;
        }
    }
    return -1;
}

static int dial_direct(eighth_instance *instance, uint64_t deadline,
                       struct eighth_connection *connection, struct eighth_error *error)
{
    struct h2_addresses addresses = {NULL, 0};
    if (h2_resolve(instance, deadline, &addresses, &connection->resolve_ns, error) != 0) {
        return -1;
    }
    int result = connect_any(instance, &addresses, deadline, connection, error);
    h2_addresses_release(&addresses);
    return result;
}

const struct h2_dial_ops h2_dial_direct = {dial_direct};
