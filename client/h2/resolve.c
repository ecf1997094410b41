/* SPDX-License-Identifier: MIT
 *
 * Decides how a name is looked up, and for how long.
 *
 * One c-ares channel for each look-up, so that it sees /etc/resolv.conf as it is now and leaves
 * nothing behind. It opens sockets only when it asks a name server.
 */
#include "client/h2/resolve.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/instance.h"
#include "client/h2/memory.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

struct lookup {
    ares_channel channel;
    bool done;
    int status;
    struct ares_addrinfo *result;
};

/* ---- addresses ----------------------------------------------------------------------------------
 */

static void add(struct h2_addresses *addresses, const struct sockaddr *address, socklen_t length,
                uint16_t port)
{
    struct h2_address *next = &addresses->list[addresses->count++];
    memcpy(&next->any, address, length);
    next->length = length;
    *(address->sa_family == AF_INET ? &next->v4.sin_port : &next->v6.sin6_port) = htons(port);
}

static void add_family(struct h2_addresses *addresses, const struct ares_addrinfo_node *node,
                       int family, uint16_t port)
{
    for (; node != NULL; node = node->ai_next) {
        if (node->ai_family == family) {
            add(addresses, node->ai_addr, node->ai_addrlen, port);
        }
    }
}

static int make_room(struct h2_addresses *addresses, size_t count, struct eighth_error *error)
{
    addresses->list = h2_allocate(count * sizeof(*addresses->list));
    return addresses->list != NULL ? 0 : h2_error_memory(error, EIGHTH_PHASE_RESOLVE);
}

void h2_addresses_release(struct h2_addresses *addresses)
{
    h2_release(addresses->list);
    *addresses = (struct h2_addresses){NULL, 0};
}

/* 1: the host is no literal. */
static int take_literal(const struct h2_endpoint *endpoint, struct h2_addresses *found,
                        struct eighth_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *list = NULL;
    if (getaddrinfo(endpoint->host, NULL, &hints, &list) != 0) {
        return 1;
    }
    int result = make_room(found, 1, error);
    if (result == 0) {
        add(found, list->ai_addr, list->ai_addrlen, endpoint->port);
    }
    freeaddrinfo(list);
    return result;
}

static int fail(const char *host, int status, struct eighth_error *error)
{
    enum eighth_class class;
    switch (status) {
    case ARES_ENOMEM:
    case ARES_EFILE:
    case ARES_ENOTINITIALIZED:
        class = EIGHTH_INTERNAL;
        break;
    case ARES_ETIMEOUT: /* of the servers, all of them, which may be other tomorrow */
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
        class = EIGHTH_TIMEOUT;
        break;
    default:
        class = EIGHTH_REFUSED;
    }
    return h2_error_set(error, EIGHTH_PHASE_RESOLVE, class, status, "resolving \"%.80s\": %s", host,
                        ares_strerror(status));
}

static int take_result(const struct lookup *lookup, const struct h2_endpoint *endpoint,
                       struct h2_addresses *found, struct eighth_error *error)
{
    const struct ares_addrinfo_node *nodes = lookup->result->nodes;
    size_t count = 0;
    for (const struct ares_addrinfo_node *node = nodes; node != NULL; node = node->ai_next) {
        count++;
    }
    if (make_room(found, count, error) != 0) {
        return -1;
    }
    add_family(found, nodes, AF_INET6, endpoint->port);
    add_family(found, nodes, AF_INET, endpoint->port);
    if (found->count == 0) {
        h2_addresses_release(found);
        return fail(endpoint->host, ARES_ENODATA, error);
    }
    return 0;
}

/* ---- sockets of c-ares --------------------------------------------------------------------------
 * Its own write to a name server over TCP with writev(2), which raises SIGPIPE. */

static ares_socket_t open_socket(int family, int type, int protocol, void *context)
{
    (void)context;
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int close_socket(ares_socket_t fd, void *context)
{
    (void)context;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t length,
                          void *context)
{
    (void)context;
    return connect(fd, address, length);
}

static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t capacity, int flags,
                            struct sockaddr *from, ares_socklen_t *length, void *context)
{
    (void)context;
    return recvfrom(fd, bytes, capacity, flags, from, length);
}

static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts, int count,
                               void *context)
{
    (void)context;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                             .msg_iovlen = (size_t)count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* ---- looking up ---------------------------------------------------------------------------------
 */

static void on_result(void *context, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    struct lookup *lookup = context;
    lookup->done = true;
    lookup->status = status;
    lookup->result = result;
}

/* When c-ares wants to try again, or the deadline. */
static uint64_t next_turn(const struct lookup *lookup, uint64_t deadline)
{
    struct timeval left;
    if (ares_timeout(lookup->channel, NULL, &left) == NULL) {
        return deadline;
    }
    return h2_earlier(deadline, h2_now() + (uint64_t)left.tv_sec * H2_NS_PER_S +
                                    (uint64_t)left.tv_usec * 1000);
}

/* Waits for what c-ares waits for, and lets it go on. */
static int turn(eighth_instance *instance, struct lookup *lookup, uint64_t deadline,
                struct eighth_error *error)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd entries[ARES_GETSOCK_MAXNUM + 1] = {{.fd = instance->waker, .events = POLLIN}};
    nfds_t count = 1;
    unsigned bits = (unsigned)ares_getsock(lookup->channel, sockets, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool reads = (bits >> i & 1) != 0;
        bool writes = (bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0;
        short events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
        if (events != 0) {
            entries[count++] = (struct pollfd){.fd = sockets[i], .events = events};
        }
    }
    int ready = h2_instance_sleep(instance, entries, count, next_turn(lookup, deadline));
    if (ready < 0) {
        return h2_error_errno(error, EIGHTH_PHASE_RESOLVE, EIGHTH_INTERNAL, errno, "poll");
    }
    for (nfds_t i = 1; ready > 0 && i < count; i++) {
        short events = entries[i].revents;
        if (events != 0) {
            ares_process_fd(lookup->channel,
                            (events & ~POLLOUT) != 0 ? entries[i].fd : ARES_SOCKET_BAD,
                            (events & ~POLLIN) != 0 ? entries[i].fd : ARES_SOCKET_BAD);
        }
    }
    ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has timed out */
    return 0;
}

static int await_result(eighth_instance *instance, struct lookup *lookup, uint64_t deadline,
                        struct eighth_error *error)
{
    instance->waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (instance->waker < 0) {
        return h2_error_errno(error, EIGHTH_PHASE_RESOLVE, EIGHTH_INTERNAL, errno, "eventfd");
    }
    int result = 0;
    while (result == 0 && !lookup->done) {
        if (instance->cancelled || h2_expired(deadline)) {
            result = h2_error_set(error, EIGHTH_PHASE_RESOLVE,
                                  instance->cancelled ? EIGHTH_CANCELLED : EIGHTH_TIMEOUT, 0,
                                  "resolving \"%.80s\": no answer %s", instance->endpoint.host,
                                  instance->cancelled ? "before close" : "in time");
        } else {
            result = turn(instance, lookup, deadline, error);
        }
    }
    (void)close(instance->waker);
    instance->waker = -1;
    return result;
}

void h2_resolve_wake(eighth_instance *instance)
{
    if (instance->waker >= 0) {
        (void)eventfd_write(instance->waker, 1);
    }
}

static int look_up(eighth_instance *instance, uint64_t deadline, struct h2_addresses *found,
                   struct eighth_error *error)
{
    static const struct ares_socket_functions functions = {open_socket, close_socket,
                                                           connect_socket, receive, send_parts};
    /* Sorting by RFC 6724 would connect a socket to each address. */
    const struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM,

                                              .ai_flags = ARES_AI_NOSORT};
    struct lookup lookup = {0};
    const char *host = instance->endpoint.host;
    int status = ares_init(&lookup.channel);
    if (status != ARES_SUCCESS) {
        return fail(host, status, error);
    }
    ares_set_socket_functions(lookup.channel, &functions, NULL);
    ares_getaddrinfo(lookup.channel, host, NULL, &hints, on_result, &lookup);
    int result = lookup.done ? 0 : await_result(instance, &lookup, deadline, error);
    if (result == 0) {
        result = lookup.status == ARES_SUCCESS
                     ? take_result(&lookup, &instance->endpoint, found, error)
                     : fail(host, lookup.status, error);
    }
    ares_destroy(lookup.channel); /* calls on_result if it was not done */
    ares_freeaddrinfo(lookup.result);
    return result;
}

int h2_resolve(eighth_instance *instance, uint64_t deadline, struct h2_addresses *found,
               uint64_t *duration, struct eighth_error *error)
{
    int result = take_literal(&instance->endpoint, found, error);
    if (result <= 0) {
        return result;
    }
    uint64_t begun = h2_now();
    result = look_up(instance, deadline, found, error);
    *duration = h2_now() - begun;
    return result;
}
