/* SPDX-License-Identifier: MIT
 *
 * Decides which address is tried, and for how long.
 */
#include "client/adapters/base/socket.h"

#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

bool socket_wait(int fd, short events, uint64_t deadline)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int ready;
    do {
        ready = poll(&entry, 1, deadline == NEVER ? -1 : deadline_left_ms(deadline));
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}

static int resolve(const struct endpoint *endpoint, struct addrinfo **found,
                   struct eighth_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[8];
    (void)snprintf(port, sizeof port, "%u", endpoint->port);
    int reason = getaddrinfo(endpoint->host, port, &hints, found);
    if (reason == 0) {
        return 0;
    }
    enum eighth_class class = reason == EAI_AGAIN ? EIGHTH_TIMEOUT : EIGHTH_REFUSED;
    return error_set(error, EIGHTH_PHASE_RESOLVE,
                     reason == EAI_SYSTEM || reason == EAI_MEMORY ? EIGHTH_INTERNAL : class, reason,
                     "resolving \"%.80s\": %s", endpoint->host, gai_strerror(reason));
}

/* 0 or an errno value. */
static int connect_by(int fd, const struct addrinfo *address, uint64_t deadline)
{
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS && errno != EINTR) {
        return errno;
    }
    if (!socket_wait(fd, POLLOUT, deadline)) {
        return ETIMEDOUT;
    }
    int number = 0;
    socklen_t length = sizeof number;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0 ? errno : number;
}

static int connect_one(const struct addrinfo *address, uint64_t deadline,
                       struct eighth_error *error)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return error_errno(error, EIGHTH_PHASE_TCP, errno, "socket");
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only a delay if refused */
    int number = connect_by(fd, address, deadline);
    if (number == 0) {
        return fd;
    }
    (void)close(fd);
    return error_errno(error, EIGHTH_PHASE_TCP, number, "connect");
}

int socket_dial(const struct endpoint *endpoint, uint64_t deadline,
                struct eighth_connection *connection, struct eighth_error *error)
{
    struct addrinfo *list = NULL;
    uint64_t begun = clock_ns();
    if (resolve(endpoint, &list, error) != 0) {
        return -1;
    }
    uint64_t resolved = clock_ns();
    int fd = -1;
    for (const struct addrinfo *address = list; address != NULL && fd < 0;
         address = address->ai_next) {
        fd = connect_one(address, deadline, error);
    }
    freeaddrinfo(list);
    connection->resolve_ns = resolved - begun;
    connection->tcp_ns = clock_ns() - resolved;
    connection->fd = fd;
    return fd;
}

void socket_close(int *fd, bool abrupt)
{
    if (*fd < 0) {
        return;
    }
    if (abrupt) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    (void)close(*fd);
    *fd = -1;
}
