/* SPDX-License-Identifier: MIT
 *
 * What the processes of an external program came to, as told by the process that watches them: each
 * end that somebody should judge, with its evidence, in shared memory that outlives the watcher.
 *
 *     struct program_log (header, counters) | records, one after the other
 *
 * One writer, but for the order to end, which is the reader's. The reader reads when the writer is
 * dead, and believes no number in it.
 */
#ifndef WATCH_PROGRAM_LOG_H
#define WATCH_PROGRAM_LOG_H

#include "harness/base/buffer.h"
#include "harness/base/failure.h"
#include "harness/base/shared_memory.h"
#include "harness/scenario/fault.h"
#include "harness/watch/stack.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_LOG_MAGIC UINT64_C(0x676f6c6d67704c38)
#define PROGRAM_LOG_VERSION 2U
#define PROGRAM_LOG_SIZE ((size_t)64 << 20) /* bytes of records */
#define PROGRAM_SAMPLES 256U                /* of one process */

/** What is wrong with the end of a process; several may be. */
enum program_reason {
    PROGRAM_DIED = 1,       /**< of a signal that eighth did not send */
    PROGRAM_STATUS = 2,     /**< another exit status than expected */
    PROGRAM_STOPPED = 4,    /**< by eighth: see stop */
    PROGRAM_SANITIZER = 8,  /**< a sanitizer wrote something */
    PROGRAM_LEFTOVERS = 16, /**< processes of it lived on */
    PROGRAM_SILENT = 32,    /**< too few connections at the target */
    PROGRAM_GROWTH = 64     /**< descriptors or threads may have grown: look at the samples */
};

/** Why eighth ended a process. */
enum program_stop {
    PROGRAM_NOT_STOPPED = 0,
    PROGRAM_STOP_TIMEOUT,  /**< of the step */
    PROGRAM_STOP_DEADLINE, /**< of the trial */
    PROGRAM_STOP_MEMORY,
    PROGRAM_STOP_ORDER /**< the controller wants to stop: says nothing about the program */
};

/** Taken from outside, at any moment. */
struct program_sample {
    uint64_t time;        /**< ns */
    uint32_t connections; /**< that the target had seen of the process by then */
    uint32_t fds;
    uint32_t threads;
    uint32_t reserved;
};

/** The end of one process. */
struct program_end {
    uint32_t reasons; /**< enum program_reason, or-ed */
    uint32_t process; /**< its number in the trial, from 1 */
    uint32_t instance;
    uint32_t step;
    uint64_t cycle;
    int32_t pid;
    int32_t status;       /**< as waitpid(2) gives it */
    uint32_t stop;        /**< enum program_stop */
    uint16_t port;        /**< of the target, that it was told; 0: the target is not ours */
    bool refused;         /**< the port was the one that refuses */
    bool forced;          /**< SIGTERM was not enough */
    bool sanitizer_exit;  /**< it ended with the status that sanitizers were told to use */
    bool untraced;        /**< no stacks of its death could be taken */
    uint64_t begun;       /**< ns */
    uint64_t ended;       /**< ns: its main process was dead */
    uint64_t stopped_at;  /**< ns */
    uint64_t settled;     /**< ns: nothing of it lived, and the target had accepted all */
    uint64_t settled_not; /**< 1: that could not be made sure of in time */
    uint32_t connections; /**< at the target by then, as far as the ledger told */
    uint32_t leftovers;   /**< processes that lived on */
    uint32_t immortal;    /**< of these, that could not be killed */
    uint32_t among;       /**< not 0: it is one of so many programs, and nobody knows which: nothing
                               but leftovers and left is told */
    uint32_t sample_count;
    struct program_sample samples[PROGRAM_SAMPLES];

    struct thread_stacks stacks;
    struct buffer out, err, sanitizer;
    struct buffer left; /**< what lived on, a line each */
};

#define PROGRAM_END_INIT \
    {                    \
        0                \
    }

struct program_log {
    uint64_t magic;
    uint32_t version;
    uint32_t reserved;
    uint64_t size; /**< bytes for records */

    /** Set before the watcher gets a signal to end: one that comes without it is somebody else's,
     *  such as a program's that kills its parent. */
    _Atomic uint32_t ordered;
    _Atomic uint32_t strays;       /**< signals to end that nobody had ordered; they are ignored */
    _Atomic uint32_t stray_number; /**< the last of them */
    _Atomic uint32_t stray_sender; /**< pid */
    _Atomic uint64_t
        idle_deadline; /**< 1: the deadline came while no process ran, before all had */

    _Atomic uint64_t used;      /**< bytes of records */
    _Atomic uint64_t begun;     /**< processes */
    _Atomic uint64_t ended;     /**< of these */
    _Atomic uint64_t lost;      /**< ends worth a record for which there was no room */
    _Atomic uint64_t strangers; /**< processes that lived on and of which nobody knows whose */
    _Atomic uint64_t peak_rss;  /**< bytes: of the largest process */
    _Atomic uint64_t not_sure;  /**< ends with settled_not */
    /** Processes that failed, as they may, on a connection with that fault; not in the records. */
    _Atomic uint64_t explained[FAULT_COUNT];
    char records[];
};

/** Makes an empty one. Fails with FAILURE_ENVIRONMENT. The controller does this. */
int program_log_create(struct shared_memory *shared, struct failure *failure);

/** The log in a mapping, checked: NULL and FAILURE_INTERNAL if it is none. */
struct program_log *program_log_of(const struct shared_memory *shared, struct failure *failure);

/** Adds one end. Without room it is counted as lost, and -1. */
int program_log_add(struct program_log *log, const struct program_end *end);

/** Reads the next end into *end, which must be empty; false at the end of the log, or where it is
 *  damaged. *cursor begins at 0. The caller releases the end. */
bool program_log_next(const struct program_log *log, uint64_t *cursor, struct program_end *end);

/** Reads one record of that many bytes. False if it is damaged; *end is empty then. For
 *  program_log_next and the fuzzer. */
bool program_end_read(struct program_end *end, const void *bytes, size_t length);

/** The signal of a crash by which, a shell tells with that exit status (128 + N), its command died;
 *  0: it tells none. */
int program_child_signal(int exit_status);

/** Frees what it holds and makes it empty. */
void program_end_release(struct program_end *end);

#endif
