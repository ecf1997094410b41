/* SPDX-License-Identifier: MIT
 *
 * The logbook: everything a worker leaves behind, in one shared mapping that the controller made.
 * It outlives the worker however that dies, so counts stay exact and nothing has to be sent.
 *
 *     struct logbook (header) | struct logbook_lane x lanes
 *
 * One lane for each thread that runs operations: counters, histograms and its flight ring; each
 * lane has one writer and starts on a page of its own. The header's observations and samples are
 * small bounded logs.
 *
 * The worker is untrusted: a client that corrupts memory may write anywhere. Readers must check
 * each number they use as an index or a length, and must end each text themselves.
 */
#ifndef BASE_LOGBOOK_H
#define BASE_LOGBOOK_H

#include "harness/base/failure.h"
#include "harness/base/flight.h"
#include "harness/base/histogram.h"
#include "harness/base/shared_memory.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LOGBOOK_MAGIC UINT64_C(0x6b6f6f62676f4c38)
#define LOGBOOK_VERSION 6U

/** Where the worker stands. It only moves forward. */
enum worker_state {
    WORKER_STARTING = 0, /**< exec'ed, reading its plan */
    WORKER_LOADING,      /**< dlopen and the client's init */
    WORKER_RUNNING,
    WORKER_CLEANING, /**< all rounds done; client's cleanup */
    WORKER_FINISHED, /**< all done: it will exit with 0 */
    WORKER_REFUSED   /**< it could not start: see failure_kind and failure_text */
};

/** What is timed. Names by logbook_latency_name. */
enum latency {
    LATENCY_CONNECT = 0, /**< whole open call */
    LATENCY_TCP,         /**< as the client tells */
    LATENCY_TLS,         /**< as the client tells */
    LATENCY_FIRST_BYTE,  /**< as the client tells */
    LATENCY_REQUEST,     /**< whole request call */
    LATENCY_PING,
    LATENCY_CLOSE, /**< whole close call */
    LATENCY_CYCLE, /**< create to free, holds included; in an open model from the intended start */
    LATENCIES
};

#define LOGBOOK_PHASES 8  /* enum eighth_phase */
#define LOGBOOK_CLASSES 9 /* enum eighth_class */

struct logbook_counters {
    uint64_t cycles_started;
    uint64_t cycles_completed; /**< every step did what it should */
    uint64_t cycles_failed;    /**< ended by a step that did not */
    uint64_t connects;         /**< open calls begun */
    uint64_t handshakes_full;
    uint64_t handshakes_resumed;
    uint64_t handshakes_failed; /**< open calls that failed in phase tls or alpn */
    uint64_t requests;          /**< request calls begun */
    uint64_t requests_answered; /**< that returned a response */
    uint64_t body_bytes;        /**< received */
    uint64_t pings;
    uint64_t errors[LOGBOOK_PHASES][LOGBOOK_CLASSES]; /**< failed operations, expected or not */
    uint64_t races_cancelled; /**< operations that a racing close cancelled, as it may */
};

enum lane_role { LANE_UNUSED = 0, LANE_POOL, LANE_RACER, LANE_MAIN, LANE_PROGRAM };

struct logbook_lane {
    _Alignas(4096) uint32_t role; /**< enum lane_role */
    int32_t tid;                  /**< gettid(2) of the writer; with fresh threads, of the newest */
    struct logbook_counters counters;
    struct histogram latencies[LATENCIES];
    struct flight_ring flight;
};

/** What an operation did that somebody should judge. */
enum observation_kind {
    OBSERVATION_FAILED = 1, /**< an operation failed: phase, class, code, text */
    OBSERVATION_UNEXPECTED, /**< it succeeded where the step expected an error */
    OBSERVATION_WRONG_STATUS,
    OBSERVATION_WRONG_BODY,
    OBSERVATION_CROSS_TALK, /**< the nonce of somebody else's request came back */
    OBSERVATION_NONCE_MISSING,
    OBSERVATION_OVERRUN, /**< it returned later than its timeout plus the grace */
    OBSERVATION_OPENED, /**< an open succeeded, told only where a good client may have to refuse the
                             connection; code 1: the client makes requests too */
    OBSERVATION_KINDS
};

struct observation {
    _Atomic uint64_t published; /**< index + 1 once the rest is written */
    uint64_t time;              /**< ns, when the operation ended */
    uint64_t begun;             /**< ns, when it began */
    uint64_t connect_time;      /**< ns, when the instance's last connect(2) began; 0: none seen */
    uint32_t kind;              /**< enum observation_kind */
    uint32_t lane;
    uint32_t instance;
    uint32_t cycle;
    uint32_t connection; /**< the driver's ordinal, from 1; 0: none */
    uint16_t step;
    uint16_t operation; /**< enum flight_operation */
    int32_t phase;
    int32_t error_class;
    int64_t code;
    uint16_t
        local_port; /**< of the last connect(2), host order; 0: not seen. The key into the ledger */
    uint16_t peer_port;
    uint32_t racing; /**< 1: other operations ran on the same instance */
    char text[224];
};

#define LOGBOOK_OBSERVATIONS 8192U /* a power of two */

/** Taken when everything is quiet: all instances of a round closed and freed. */
struct resource_sample {
    uint64_t time;    /**< ns */
    uint64_t cycles;  /**< ended so far */
    uint32_t fds;     /**< entries in /proc/self/fd, without the one that reads them */
    uint32_t sockets; /**< of these */
    uint32_t threads; /**< entries in /proc/self/task */
    uint32_t reserved;
    int64_t ssl; /**< live objects in the OpenSSL that the worker shares with the client */
    int64_t ssl_ctx;
    int64_t ssl_session;
    int64_t allocations; /**< live ones of the client's own; 0 where they are not counted */
    uint64_t heap; /**< mallinfo2().uordblks + hblkhd: bytes in use; 0 where malloc is replaced */
    uint64_t rss;  /**< bytes */
};

#define LOGBOOK_SAMPLES 1024U

/** A figure that the client tells about itself. */
struct client_figure {
    char name[48];
    double value;
};

#define LOGBOOK_FIGURES 64U

/** The surplus of descriptors at the end, one line each: "fd 9: socket:[1234]
 * 127.0.0.1:4711->127.0.0.1:8443". */
#define LOGBOOK_SURPLUS 64U

struct logbook {
    uint64_t magic;
    uint32_t version;
    uint32_t lanes; /**< how many lanes follow */
    uint64_t size;  /**< bytes of the whole mapping */

    _Atomic uint32_t state; /**< enum worker_state */
    uint32_t failure_kind;  /**< enum failure_kind, with WORKER_REFUSED */
    char failure_text[1024];

    char client_name[64];
    char client_version[64];
    char client_path[1024]; /**< as dladdr(3) tells */
    uint64_t client_capabilities;
    uint32_t tls_observed;        /**< 1: the live counts of TLS objects work for this client */
    uint32_t allocations_counted; /**< 1: the client allocates by functions that count */
    char notes[1024]; /**< what was withheld: one line each, e.g. a promise that the client does not
                         give */

    uint64_t run_begun; /**< ns: first cycle may start */
    uint64_t run_ended; /**< ns: last cycle ended; 0: not yet */
    uint64_t cpu_begun; /**< ns of process CPU at run_begun */
    uint64_t cpu_ended;
    uint64_t instructions; /**< in user mode, from run_begun to run_ended; 0: not counted */
    uint64_t peak_rss;     /**< bytes: the most until run_ended, by the kernel; 0: not told */

    struct resource_sample before_init;   /**< before dlopen of the client */
    struct resource_sample before_run;    /**< after init and after the pool's threads were made */
    struct resource_sample after_cleanup; /**< time 0: never reached */
    uint64_t sample_rounds;               /**< rounds that ended with a sample, kept or not */
    uint32_t sample_stride;               /**< every how manieth round is kept; 0: of none yet */
    _Atomic uint32_t sample_count;        /**< of samples */
    struct resource_sample samples[LOGBOOK_SAMPLES]; /**< see logbook_add_sample */
    uint32_t surplus_count;
    char surplus[LOGBOOK_SURPLUS][128];
    uint32_t surplus_thread_count;
    int32_t surplus_threads[LOGBOOK_SURPLUS]; /**< tids of threads that are left at the end; */
    _Atomic uint32_t stacks_wanted; /**< 1: they stand ready to have their stacks taken, for which
                                         the worker waits until */
    _Atomic uint32_t stacks_taken;  /**< the controller sets this to 1 */
    _Atomic uint64_t reported;      /**< ns: when a sanitizer began its last report; 0: none seen */
    uint32_t figure_count;
    struct client_figure figures[LOGBOOK_FIGURES]; /**< when no instance was left */

    _Alignas(64) _Atomic uint64_t observation_next; /**< claimed by writers */
    _Alignas(64) _Atomic uint64_t observation_read; /**< moved by the controller */
    _Alignas(64) _Atomic uint64_t observation_lost; /**< the ring was full */
    struct observation observations[LOGBOOK_OBSERVATIONS];
};

/** Bytes of a logbook with that many lanes. */
size_t logbook_size(uint32_t lanes);

/** Makes an empty one. Fails with FAILURE_ENVIRONMENT. The controller does this. */
int logbook_create(struct shared_memory *shared, uint32_t lanes, struct failure *failure);

/** The header of a mapping, checked (magic, version, size against lanes): NULL and
 *  FAILURE_INTERNAL if it is none. */
struct logbook *logbook_of(const struct shared_memory *shared, struct failure *failure);

/** Lane i, which must be below logbook->lanes. */
struct logbook_lane *logbook_lane(struct logbook *logbook, uint32_t i);

/** Copies *observation, all but its published field, into the ring. Any thread of the worker.
 *  If the ring is full it is counted as lost. */
void logbook_observe(struct logbook *logbook, const struct observation *observation);

/** Takes a sample of the end of a round into the series. When that is full, every second one gives
 *  way and from then on every second round is kept, then every fourth: rounds 0, k, 2 k, ... for
 * any length, and always the last one. The worker's main thread. */
void logbook_add_sample(struct logbook *logbook, const struct resource_sample *sample);

/** Takes the next published observation: 1 and *observation, or 0 if there is none. A slot that its
 *  writer never finished (it died) is skipped when final is not 0. Only one reader. */
int logbook_next_observation(struct logbook *logbook, struct observation *observation, int final);

/** "connect", "tcp", "tls", "first_byte", ...: the keys of latency_us in reports. */
const char *logbook_latency_name(enum latency latency);

#endif
