/* SPDX-License-Identifier: MIT
 *
 * Stands before the functions that open, use and close descriptors, for the whole process, and
 * passes every call on.
 */
#undef _FORTIFY_SOURCE /* its headers define some of these functions themselves */

#include "harness/worker/descriptor_calls.h"

#include "harness/base/clock.h"
#include "harness/base/interposed.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default"), noinline)) UNWATCHED

/* What -D_FORTIFY_SOURCE calls instead; no header declares them. */
SEEN int __open_2(const char *path, int flags);
SEEN int __open64_2(const char *path, int flags);
SEEN int __openat_2(int folder, const char *path, int flags);
SEEN int __openat64_2(int folder, const char *path, int flags);
SEEN ssize_t __read_chk(int fd, void *bytes, size_t count, size_t room);
SEEN ssize_t __recv_chk(int fd, void *bytes, size_t count, size_t room, int flags);
SEEN ssize_t __recvfrom_chk(int fd, void *bytes, size_t count, size_t room, int flags,
                            struct sockaddr *from, socklen_t *length);

/* Defined here so that whoever uses them has these functions linked in, also where a sanitizer's
 * library has satisfied every need of them. */
_Thread_local struct descriptor_watch descriptor_watch;
bool descriptor_calls_noted;

/* ---- the next definitions ---- */

#define MEMBER(name) __typeof__(name) *name;
static struct {
    INTERPOSED(MEMBER)
} next;

/* POSIX lets dlsym give functions as data pointers; C has no cast for it. */
#define FIND(name)                   \
    found = dlsym(RTLD_NEXT, #name); \
    __builtin_memcpy(&next.name, &found, sizeof found);

/* Before the first instruction of any library: each of these may be called from then on. */
UNWATCHED static void find_all(void)
{
    void *found;
    INTERPOSED(FIND)
}

__attribute__((section(".preinit_array"), used)) static void (*const find_first)(void) = find_all;

/* ---- opening ---- */

/* The worker's own descriptors concern nobody. Within an operation there are none; but a function
 * of the client that ends in this call may seem to be the worker's. */
UNWATCHED static bool is_own(const struct call_site *site)
{
    return descriptor_watch.caller.operation == 0 && descriptor_stacks_is_own(site->pc);
}

UNWATCHED static void note_open(int fd, enum descriptor_call call, const struct call_site *site)
{
    int error = errno;
    if (is_own(site)) {
        descriptor_table_forget(fd);
    } else {
        descriptor_table_opened(fd, call, site, &descriptor_watch.caller);
    }
    errno = error;
}

#define OPENED(value, call)                           \
    struct call_site site = CALL_SITE();              \
    int fd = (value);                                 \
    if (fd >= 0 && descriptor_calls_noted) {          \
        note_open(fd, DESCRIPTOR_CALL_##call, &site); \
    }                                                 \
    return fd

#define OPENED_PAIR(value, fds, call)                       \
    struct call_site site = CALL_SITE();                    \
    int result = (value);                                   \
    if (result == 0 && descriptor_calls_noted) {            \
        note_open((fds)[0], DESCRIPTOR_CALL_##call, &site); \
        note_open((fds)[1], DESCRIPTOR_CALL_##call, &site); \
    }                                                       \
    return result

/* The mode is there only where a file may be made. */
#define TAKE_MODE(mode, flags)                                        \
    mode_t mode = 0;                                                  \
    if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) { \
        va_list more;                                                 \
        va_start(more, flags);                                        \
        mode = va_arg(more, mode_t);                                  \
        va_end(more);                                                 \
    }

SEEN int socket(int domain, int type, int protocol)
{
    OPENED(next.socket(domain, type, protocol), SOCKET);
}

SEEN int socketpair(int domain, int type, int protocol, int fds[2])
{
    OPENED_PAIR(next.socketpair(domain, type, protocol, fds), fds, SOCKETPAIR);
}

SEEN int accept(int listener, struct sockaddr *address, socklen_t *length)
{
    OPENED(next.accept(listener, address, length), ACCEPT);
}

SEEN int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    OPENED(next.accept4(listener, address, length, flags), ACCEPT);
}

SEEN int open(const char *path, int flags, ...)
{
    TAKE_MODE(mode, flags)
    OPENED(next.open(path, flags, mode), OPEN);
}

SEEN int open64(const char *path, int flags, ...)
{
    TAKE_MODE(mode, flags)
    OPENED(next.open64(path, flags, mode), OPEN);
}

SEEN int openat(int folder, const char *path, int flags, ...)
{
    TAKE_MODE(mode, flags)
    OPENED(next.openat(folder, path, flags, mode), OPEN);
}

SEEN int openat64(int folder, const char *path, int flags, ...)
{
    TAKE_MODE(mode, flags)
    OPENED(next.openat64(folder, path, flags, mode), OPEN);
}

SEEN int __open_2(const char *path, int flags)
{
    OPENED(next.__open_2(path, flags), OPEN);
}

SEEN int __open64_2(const char *path, int flags)
{
    OPENED(next.__open64_2(path, flags), OPEN);
}

SEEN int __openat_2(int folder, const char *path, int flags)
{
    OPENED(next.__openat_2(folder, path, flags), OPEN);
}

SEEN int __openat64_2(int folder, const char *path, int flags)
{
    OPENED(next.__openat64_2(folder, path, flags), OPEN);
}

SEEN int pipe(int fds[2])
{
    OPENED_PAIR(next.pipe(fds), fds, PIPE);
}

SEEN int pipe2(int fds[2], int flags)
{
    OPENED_PAIR(next.pipe2(fds, flags), fds, PIPE);
}

SEEN int eventfd(unsigned value, int flags)
{
    OPENED(next.eventfd(value, flags), EVENTFD);
}

SEEN int epoll_create(int size)
{
    OPENED(next.epoll_create(size), EPOLL_CREATE);
}

SEEN int epoll_create1(int flags)
{
    OPENED(next.epoll_create1(flags), EPOLL_CREATE);
}

SEEN int timerfd_create(clockid_t clock, int flags)
{
    OPENED(next.timerfd_create(clock, flags), TIMERFD_CREATE);
}

SEEN int memfd_create(const char *name, unsigned flags)
{
    OPENED(next.memfd_create(name, flags), MEMFD_CREATE);
}

SEEN int inotify_init(void)
{
    OPENED(next.inotify_init(), INOTIFY_INIT);
}

SEEN int inotify_init1(int flags)
{
    OPENED(next.inotify_init1(flags), INOTIFY_INIT);
}

SEEN int signalfd(int old, const sigset_t *mask, int flags)
{
    struct call_site site = CALL_SITE();
    int fd = next.signalfd(old, mask, flags);
    if (fd >= 0 && fd != old && descriptor_calls_noted) {
        note_open(fd, DESCRIPTOR_CALL_SIGNALFD, &site);
    }
    return fd;
}

SEEN int dup(int old)
{
    OPENED(next.dup(old), DUP);
}

SEEN int dup2(int old, int new)
{
    struct call_site site = CALL_SITE();
    int fd = next.dup2(old, new);
    if (fd >= 0 && old != new &&descriptor_calls_noted) {
        note_open(fd, DESCRIPTOR_CALL_DUP, &site);
    }
    return fd;
}

SEEN int dup3(int old, int new, int flags)
{
    OPENED(next.dup3(old, new, flags), DUP);
}

UNWATCHED static bool opens(int command)
{
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

/* The argument, if there is one, is an int or a pointer: libc takes it as this does. */
#define FCNTL(name)                                                    \
    SEEN int name(int fd, int command, ...)                            \
    {                                                                  \
        struct call_site site = CALL_SITE();                           \
        va_list more;                                                  \
        va_start(more, command);                                       \
        void *argument = va_arg(more, void *);                         \
        va_end(more);                                                  \
        int result = next.name(fd, command, argument);                 \
        if (result >= 0 && opens(command) && descriptor_calls_noted) { \
            note_open(result, DESCRIPTOR_CALL_FCNTL, &site);           \
        }                                                              \
        return result;                                                 \
    }

FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- closing ---- */

SEEN int close(int fd)
{
    struct call_site site = CALL_SITE();
    if (!descriptor_calls_noted || fd < 0 || is_own(&site) || !descriptor_table_is_on()) {
        return next.close(fd);
    }
    struct descriptor_life before;
    int error = errno;
    descriptor_table_closing(fd, &site, &descriptor_watch.caller, &before);
    errno = error;
    int result = next.close(fd);
    if (result != 0 && errno == EBADF) {
        descriptor_table_close_failed(fd, &site, &descriptor_watch.caller, &before);
        errno = EBADF;
    }
    return result;
}

/* ---- using ---- */

/* EBADF also says that a descriptor is not open for reading, or that one sent along is wrong. */
UNWATCHED static void note_failure(int fd, enum descriptor_call call, const struct call_site *site)
{
    if (fd >= 0 && syscall(SYS_fcntl, fd, F_GETFD) < 0 && errno == EBADF) {
        descriptor_table_use_failed(fd, call, site, &descriptor_watch.caller);
    }
    errno = EBADF;
}

#define USED(type, value, call)                                                        \
    if (descriptor_watch.caller.operation == 0 || !descriptor_calls_noted) {           \
        return value;                                                                  \
    }                                                                                  \
    struct call_site site = CALL_SITE();                                               \
    descriptor_table_use(fd, DESCRIPTOR_CALL_##call, &site, &descriptor_watch.caller); \
    type result = value;                                                               \
    if (result < 0 && errno == EBADF) {                                                \
        note_failure(fd, DESCRIPTOR_CALL_##call, &site);                               \
    }                                                                                  \
    return result

SEEN ssize_t read(int fd, void *bytes, size_t count)
{
    USED(ssize_t, next.read(fd, bytes, count), READ);
}

SEEN ssize_t __read_chk(int fd, void *bytes, size_t count, size_t room)
{
    USED(ssize_t, next.__read_chk(fd, bytes, count, room), READ);
}

SEEN ssize_t readv(int fd, const struct iovec *parts, int count)
{
    USED(ssize_t, next.readv(fd, parts, count), READV);
}

SEEN ssize_t recv(int fd, void *bytes, size_t count, int flags)
{
    USED(ssize_t, next.recv(fd, bytes, count, flags), RECV);
}

SEEN ssize_t __recv_chk(int fd, void *bytes, size_t count, size_t room, int flags)
{
    USED(ssize_t, next.__recv_chk(fd, bytes, count, room, flags), RECV);
}

SEEN ssize_t recvfrom(int fd, void *bytes, size_t count, int flags, struct sockaddr *from,
                      socklen_t *length)
{
    USED(ssize_t, next.recvfrom(fd, bytes, count, flags, from, length), RECVFROM);
}

SEEN ssize_t __recvfrom_chk(int fd, void *bytes, size_t count, size_t room, int flags,
                            struct sockaddr *from, socklen_t *length)
{
    USED(ssize_t, next.__recvfrom_chk(fd, bytes, count, room, flags, from, length), RECVFROM);
}

SEEN ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    USED(ssize_t, next.recvmsg(fd, message, flags), RECVMSG);
}

SEEN ssize_t write(int fd, const void *bytes, size_t count)
{
    USED(ssize_t, next.write(fd, bytes, count), WRITE);
}

SEEN ssize_t writev(int fd, const struct iovec *parts, int count)
{
    USED(ssize_t, next.writev(fd, parts, count), WRITEV);
}

SEEN ssize_t send(int fd, const void *bytes, size_t count, int flags)
{
    USED(ssize_t, next.send(fd, bytes, count, flags), SEND);
}

SEEN ssize_t sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *to,
                    socklen_t length)
{
    USED(ssize_t, next.sendto(fd, bytes, count, flags, to, length), SENDTO);
}

SEEN ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    USED(ssize_t, next.sendmsg(fd, message, flags), SENDMSG);
}

SEEN int shutdown(int fd, int how)
{
    USED(int, next.shutdown(fd, how), SHUTDOWN);
}

/* ---- connecting ---- */

UNWATCHED static uint16_t port_of(const struct sockaddr *address, socklen_t length)
{
    if (length >= (socklen_t)sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    }
    if (length >= (socklen_t)sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    }
    return 0;
}

UNWATCHED static uint16_t local_port(int fd)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &length) != 0) {
        return 0;
    }
    return port_of((const struct sockaddr *)&local, length);
}

/* A client that resolves names itself connects datagram sockets to name servers: their ports are
 * others than those of TCP, though the numbers be the same. */
UNWATCHED static bool is_stream(int fd)
{
    int type = 0;
    socklen_t length = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

/* A connect that fails at once may leave the socket without a port. */
UNWATCHED static int connect_traced(int fd, const struct sockaddr *address, socklen_t length)
{
    struct connect_trace *trace = descriptor_watch.connect;
    uint16_t peer = trace == NULL || address == NULL ? 0 : port_of(address, length);
    if (peer == 0 || !is_stream(fd)) {
        return next.connect(fd, address, length);
    }
    uint64_t begun = clock_now();
    int result = next.connect(fd, address, length);
    int error = errno;
    trace->begun = begun;
    trace->peer_port = peer;
    trace->local_port = local_port(fd);
    errno = error;
    return result;
}

SEEN int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    USED(int, connect_traced(fd, address, length), CONNECT);
}
