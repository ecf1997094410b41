/* SPDX-License-Identifier: MIT
 *
 * Where the target listens.
 */
#include "harness/target/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel lowers it to net.core.somaxconn. */
#define BACKLOG 65535
#define DESCRIPTORS_WANTED 1048576

static int bind_loopback(int fd, uint16_t *port)
{
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* A port in TIME_WAIT may be taken again. TCP_NODELAY passes on to accepted sockets. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return 0;
}

static int open_socket(uint16_t *port, int backlog, struct failure *failure)
{
    uint16_t wanted = *port;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind_loopback(fd, port) == 0 && (backlog == 0 || listen(fd, backlog) == 0)) {
        return fd;
    }
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (error == EADDRINUSE && wanted != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT,
                           "port %u of 127.0.0.1 is in use; choose another, or 0 for any", wanted);
    }
    return failure_errno(failure, FAILURE_ENVIRONMENT, error, "cannot listen at 127.0.0.1, port %u",
                         wanted);
}

int listener_open(uint16_t *port, struct failure *failure)
{
    return open_socket(port, BACKLOG, failure);
}

int listener_refuse(uint16_t *port, struct failure *failure)
{
    return open_socket(port, 0, failure);
}

void listener_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    struct rlimit wanted = {DESCRIPTORS_WANTED, DESCRIPTORS_WANTED};
    if (limit.rlim_max < DESCRIPTORS_WANTED && setrlimit(RLIMIT_NOFILE, &wanted) == 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
