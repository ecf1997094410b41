/* SPDX-License-Identifier: MIT
 *
 * recv(2) and send(2) with a memory of how the connection ended, and the BIO through which OpenSSL
 * uses them. SIGPIPE never rises.
 */
#ifndef TARGET_SOCKET_IO_H
#define TARGET_SOCKET_IO_H

#include "harness/target/transport.h"

#include <openssl/bio.h>
#include <sys/types.h>

/** Bytes read; 0 at the end (eof or reset is set then); -1: try again later. */
ssize_t socket_io_receive(struct socket_io *io, void *bytes, size_t capacity);

/** Bytes sent; -1: try again later (wants_write is set), or never (write_error is set). errno is
 *  that of send(2). */
ssize_t socket_io_send(struct socket_io *io, const void *bytes, size_t length);

/** Sends what the kernel keeps because more was said to follow. */
void socket_io_push(struct socket_io *io);

/** A BIO over io, which must outlive it and stays the caller's. NULL without memory. */
BIO *socket_io_bio(struct socket_io *io);

#endif
