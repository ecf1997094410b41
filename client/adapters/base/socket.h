/* SPDX-License-Identifier: MIT
 *
 * Non-blocking sockets with deadlines, for adapters whose library does not connect by itself.
 */
#ifndef ADAPTERS_SOCKET_H
#define ADAPTERS_SOCKET_H

#include "client/adapters/base/endpoint.h"

#include <stdbool.h>

/** Resolves the host, connects to its addresses one after another, and fills in resolve_ns, tcp_ns
 *  and fd. Returns the descriptor, which is the caller's, or -1 with *error and none left.
 *  getaddrinfo(3) cannot be interrupted: the deadline counts again when it returns. */
int socket_dial(const struct endpoint *endpoint, uint64_t deadline,
                struct eighth_connection *connection, struct eighth_error *error);

/** Waits until the socket is ready for POLLIN or POLLOUT, or broken. False: the deadline came. */
bool socket_wait(int fd, short events, uint64_t deadline);

/** Closes *fd and makes it -1; nothing if it is -1. abrupt: without waiting for anything, by RST.
 */
void socket_close(int *fd, bool abrupt);

#endif
