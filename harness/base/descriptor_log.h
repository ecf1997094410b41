/* SPDX-License-Identifier: MIT
 *
 * What a worker saw of its client's descriptors, in shared memory that outlives it: misuses, each
 * with the stacks that belong to it, and who opened what was left open at the end. And, in the same
 * form, who made the TLS objects that were left, and who started the threads.
 *
 * The controller makes the mapping and hands it to the worker (`eighth-worker --descriptors-fd N`);
 * it reads when the worker is dead. Stacks are raw addresses, equal ones stored once; the module
 * map beside them is text as in /proc/PID/maps, so that they can be named after the worker's death.
 *
 * The worker is untrusted: every function below checks each number it takes from the mapping.
 */
#ifndef BASE_DESCRIPTOR_LOG_H
#define BASE_DESCRIPTOR_LOG_H

#include "harness/base/failure.h"
#include "harness/base/shared_memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESCRIPTOR_LOG_MAGIC UINT64_C(0x676f6c7364664c38)
#define DESCRIPTOR_LOG_VERSION 3U

#define DESCRIPTOR_FRAMES 16U
#define DESCRIPTOR_STACKS 1024U
#define DESCRIPTOR_MISUSES 256U /* different ones */
#define DESCRIPTOR_SURPLUS 64U
#define DESCRIPTOR_OBJECTS 64U /* origins of TLS objects */
#define DESCRIPTOR_THREADS 1024U
#define DESCRIPTOR_MAPS (64U * 1024U)

/** What paths of sanitizers' logs hold: such a log is opened with the first report, and is no
 *  descriptor of the client's. */
#define DESCRIPTOR_LOG_SANITIZER "/.sanitizer-"

/** State of a slot or stack that is completely written. */
#define DESCRIPTOR_VALID 2U

/** No instance: the client's init or cleanup, or a thread of its own outside any operation. */
#define DESCRIPTOR_NOBODY UINT32_MAX

/** What was done wrong. The moments that each has are said at struct descriptor_misuse. */
enum descriptor_misuse_kind {
    /** close(2) failed with EBADF: mostly a descriptor that was closed before. */
    DESCRIPTOR_CLOSE_BAD = 1,
    /** A descriptor was closed by an instance that did not open it while its own one held it. */
    DESCRIPTOR_FOREIGN_CLOSE,
    /** read(2), send(2), shutdown(2), ... of a descriptor that is closed (EBADF). */
    DESCRIPTOR_USE_CLOSED,
    /** The same, but the number meanwhile was another instance's: its connection was touched. */
    DESCRIPTOR_USE_REUSED,
    DESCRIPTOR_MISUSE_KINDS
};

/** By which function a descriptor was opened, used or closed, or what TLS object was made. Names by
 *  descriptor_call_name. */
enum descriptor_call {
    DESCRIPTOR_CALL_NONE = 0, /**< the moment was not seen */
    DESCRIPTOR_CALL_SOCKET,
    DESCRIPTOR_CALL_SOCKETPAIR,
    DESCRIPTOR_CALL_ACCEPT,
    DESCRIPTOR_CALL_CONNECT,
    DESCRIPTOR_CALL_OPEN,
    DESCRIPTOR_CALL_PIPE,
    DESCRIPTOR_CALL_EVENTFD,
    DESCRIPTOR_CALL_EPOLL_CREATE,
    DESCRIPTOR_CALL_TIMERFD_CREATE,
    DESCRIPTOR_CALL_MEMFD_CREATE,
    DESCRIPTOR_CALL_INOTIFY_INIT,
    DESCRIPTOR_CALL_SIGNALFD,
    DESCRIPTOR_CALL_DUP,
    DESCRIPTOR_CALL_FCNTL,
    DESCRIPTOR_CALL_CLOSE,
    DESCRIPTOR_CALL_SHUTDOWN,
    DESCRIPTOR_CALL_READ,
    DESCRIPTOR_CALL_READV,
    DESCRIPTOR_CALL_RECV,
    DESCRIPTOR_CALL_RECVFROM,
    DESCRIPTOR_CALL_RECVMSG,
    DESCRIPTOR_CALL_WRITE,
    DESCRIPTOR_CALL_WRITEV,
    DESCRIPTOR_CALL_SEND,
    DESCRIPTOR_CALL_SENDTO,
    DESCRIPTOR_CALL_SENDMSG,
    DESCRIPTOR_CALL_SSL, /**< this and the next two: such an object was made */
    DESCRIPTOR_CALL_SSL_CTX,
    DESCRIPTOR_CALL_SSL_SESSION,
    DESCRIPTOR_CALL_PTHREAD_CREATE, /**< a thread was started */
    DESCRIPTOR_CALLS
};

/** One call on a descriptor number. */
struct descriptor_moment {
    uint64_t time;       /**< ns, monotonic */
    uint32_t call;       /**< enum descriptor_call; NONE: not seen, the rest then means nothing */
    uint32_t instance;   /**< client number in the population; DESCRIPTOR_NOBODY: none */
    uint32_t cycle;      /**< of the instance */
    uint32_t connection; /**< ordinal as the driver counts, from 1; 0: none yet */
    uint16_t operation;  /**< enum flight_operation; 0: outside any operation */
    uint16_t step;       /**< index in the flattened scenario steps */
    int32_t tid;
    uint32_t stack; /**< for descriptor_log_stack; 0: none */
    uint32_t reserved;
};

/** A misuse; equal ones (kind, function, the stacks of now, opened and closed) are counted, and
 *  described by the first.
 *
 *                     now                  opened, closed                  reopened
 *     CLOSE_BAD       the close            of the number's last life, if   -
 *                                          they were seen
 *     FOREIGN_CLOSE   the close            the closer's own, earlier       the owner's open
 *        or else      a failing call of    the owner's open, the other     -
 *                     the owner            instance's close
 *     USE_CLOSED      the call             its open, its close             -
 *     USE_REUSED      the call             the caller's own, earlier       the owner's open
 */
struct descriptor_misuse {
    uint32_t kind;  /**< enum descriptor_misuse_kind */
    int32_t fd;     /**< the number */
    uint64_t count; /**< how often, at least 1 */
    struct descriptor_moment now;
    struct descriptor_moment opened;
    struct descriptor_moment closed;
    struct descriptor_moment reopened;
};

/** A descriptor of the client that was open at the end. */
struct descriptor_surplus {
    int32_t fd; /**< as in the line of logbook.surplus */
    struct descriptor_moment opened;
};

/** TLS objects that were left at the end, all of one kind (first.call) and of one origin: stack,
 *  operation and step. */
struct descriptor_objects {
    uint64_t count;
    struct descriptor_moment first; /**< when the oldest of them was made */
    struct descriptor_moment last;  /**< the newest */
};

/** What follows is the layout, for the worker and for descriptor_log.c. */

struct descriptor_stack {
    _Atomic uint64_t hash;  /**< 0: free */
    _Atomic uint32_t state; /**< 2: valid */
    uint32_t count;
    uint64_t pcs[DESCRIPTOR_FRAMES]; /**< innermost first; all of them return addresses */
};

struct descriptor_slot {
    _Atomic uint64_t key;   /**< 0: free */
    _Atomic uint64_t count; /**< times beyond the first */
    _Atomic uint32_t state; /**< 2: valid */
    uint32_t reserved;
    struct descriptor_misuse misuse;
};

struct descriptor_thread {
    _Atomic uint64_t handle; /**< pthread_t; 0: free */
    uint64_t start;          /**< address of the function that it runs */
    struct descriptor_moment made;
};

struct descriptor_log {
    uint64_t magic;
    uint32_t version;
    uint32_t reserved;
    uint64_t size;
    /** Times that an instance used or closed what another one had opened, in the way of a client
     *  whose instances share or hand over connections. */
    _Atomic uint64_t shared;
    _Atomic uint64_t lost; /**< misuses that had no room */
    _Atomic uint32_t surplus_count;
    _Atomic uint32_t maps_bytes;
    _Atomic uint32_t object_count; /**< of objects; more origins than fit are left out */
    uint32_t unused;
    struct descriptor_slot slots[DESCRIPTOR_MISUSES];
    struct descriptor_surplus surplus[DESCRIPTOR_SURPLUS];
    struct descriptor_objects objects[DESCRIPTOR_OBJECTS];
    struct descriptor_thread threads[DESCRIPTOR_THREADS]; /**< the newest of each handle */
    struct descriptor_stack stacks[DESCRIPTOR_STACKS];    /**< stack i stands at i - 1 */
    char maps[DESCRIPTOR_MAPS]; /**< lines of /proc/PID/maps that belong to files and the vdso */
};

/** Makes an empty one. Fails with FAILURE_ENVIRONMENT. The controller does this. */
int descriptor_log_create(struct shared_memory *shared, struct failure *failure);

/** The log in a mapping, checked: NULL and FAILURE_INTERNAL if it is none. */
struct descriptor_log *descriptor_log_of(const struct shared_memory *shared,
                                         struct failure *failure);

/** Copies the next misuse: true, or false at the end. *cursor begins at 0. Those that must not be
 *  believed are left out: where a client shares descriptors between instances (see `shared`), that
 *  a number is another one's now proves nothing, and only what failed with EBADF counts. */
bool descriptor_log_next(const struct descriptor_log *log, uint32_t *cursor,
                         struct descriptor_misuse *misuse);

/** Who opened fd, which was left open at the end. False if that was not seen. */
bool descriptor_log_opened(const struct descriptor_log *log, int fd,
                           struct descriptor_moment *opened);

/** Copies the i-th origin of TLS objects that were left: false beyond the last. */
bool descriptor_log_objects(const struct descriptor_log *log, uint32_t i,
                            struct descriptor_objects *objects);

/** Who started the newest thread with that pthread_t, and the address of the function that it was
 *  to run. False if that was not seen. */
bool descriptor_log_thread(const struct descriptor_log *log, uint64_t handle, uint64_t *start,
                           struct descriptor_moment *made);

/** Copies a stack, innermost frame first, return addresses throughout; the number of frames, 0 for
 *  a stack that there is not. The harness's own frames are not in it. */
uint32_t descriptor_log_stack(const struct descriptor_log *log, uint32_t stack,
                              uint64_t pcs[DESCRIPTOR_FRAMES]);

/** The module map, not ended by a zero byte, and its length in bytes. */
const char *descriptor_log_maps(const struct descriptor_log *log, size_t *length);

/** "close-bad", "foreign-close", "use-closed", "use-reused"; "?" out of range. */
const char *descriptor_misuse_name(unsigned kind);

/** "socket", "recv", ...; "?" out of range. */
const char *descriptor_call_name(unsigned call);

#endif
