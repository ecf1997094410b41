/* SPDX-License-Identifier: MIT
 *
 * The functions of libc that the worker stands before, in the process that holds the client: the
 * worker defines them, the report names them.
 */
#ifndef BASE_INTERPOSED_H
#define BASE_INTERPOSED_H

/* Those with _2 and _chk are what -D_FORTIFY_SOURCE calls instead. */
/* clang-format off */
#define INTERPOSED(each)                                                                         \
    each(socket) each(socketpair) each(accept) each(accept4) each(open) each(open64)             \
    each(openat) each(openat64) each(__open_2) each(__open64_2) each(__openat_2)                 \
    each(__openat64_2) each(pipe) each(pipe2) each(eventfd) each(epoll_create)                   \
    each(epoll_create1) each(timerfd_create) each(memfd_create) each(inotify_init)               \
    each(inotify_init1) each(signalfd) each(dup) each(dup2) each(dup3) each(fcntl) each(fcntl64) \
    each(close) each(connect) each(shutdown) each(read) each(readv) each(recv) each(recvfrom)    \
    each(recvmsg) each(__read_chk) each(__recv_chk) each(__recvfrom_chk) each(write)             \
    each(writev) each(send) each(sendto) each(sendmsg)
/* clang-format on */

/* Not in the builds with sanitizers, which do so themselves. */
#define INTERPOSED_UNLESS_SANITIZED "pthread_create"

#endif
