/* SPDX-License-Identifier: MIT
 *
 * What everything in the worker works on: the driver (read only while instances run), a lane (what
 * one thread owns), an instance (one client object and where it stands), an operation (one call).
 */
#ifndef WORKER_CONTEXT_H
#define WORKER_CONTEXT_H

#include "client/eighth_client.h"
#include "harness/base/logbook.h"
#include "harness/scenario/plan.h"
#include "harness/worker/descriptors.h"
#include "harness/worker/library.h"
#include "harness/worker/program.h"
#include "harness/worker/promises.h"
#include "harness/worker/timers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** Set before the first instance runs; afterwards only `connections` changes. */
struct driver {
    const struct plan *plan;
    const struct scenario *scenario;
    struct logbook *logbook;
    struct library library;
    eighth_process *process; /**< what the client's init made */
    struct program program;
    struct promises promises;                  /**< what is asked of this client */
    struct eighth_endpoint endpoint;           /**< template; its port is plan->port */
    bool checks_nonce;                         /**< the target echoes it */
    bool tells_opens;                          /**< a good client may have to refuse a connection */
    bool imports_sessions;                     /**< policy import, and the client can */
    _Alignas(64) _Atomic uint32_t connections; /**< ordinal of the newest */
};

/** What the session of a client weighs at most; a longer one is not kept. */
#define SESSION_CAPACITY ((size_t)16 << 10)

/** One call on an instance, or one that is about to be made. */
struct operation {
    const struct step *step;
    uint32_t iteration; /**< see struct position */
    bool racing;        /**< others run on the same instance */
    bool cancellable;   /**< one of them is a close */
    /* What became of it: */
    uint64_t begun; /**< ns */
    uint64_t ended;
    struct connect_trace trace;
    struct eighth_error error;
    bool done;   /**< the step did what it should; what did not was observed */
    bool opened; /**< a connection was opened */
    bool closed; /**< close was called */
    int32_t fd;  /**< of the connection that was opened */
};

/** What one thread owns: no other thread touches it while the thread runs. */
struct lane {
    _Alignas(64) struct logbook_lane *book;
    uint32_t index;          /**< in the logbook */
    unsigned char *received; /**< response bodies end at its end, where a sanitizer watches */
    size_t received_size;
    unsigned char *sent; /**< generated request bodies */
    size_t sent_size;
    struct eighth_header *headers; /**< room for the widest request and the nonce */
    struct operation operations[SCENARIO_MAX_RACE];
};

/** One client of the population. Between two turns nobody holds it; in its turn one thread. */
struct instance {
    _Alignas(64) struct timer timer; /**< first: a timer is cast back to its instance */
    struct instance *next;           /**< in whichever queue it stands */
    uint32_t number;                 /**< in the population, from 0 */
    uint32_t home;                   /**< pool thread that it is pinned to */
    uint32_t cycle;                  /**< number of the current or next cycle, from 0 */
    bool begun;                      /**< in the middle of a cycle */
    bool holding;                    /**< in a hold; the timer says until when */
    bool open;                       /**< connected, as far as the driver knows */
    bool failed;                     /**< a step of this cycle did not do what it should */
    bool unconnected;                /**< an expected failure left it without a connection */
    bool opened_before;              /**< this object was connected once */
    uint64_t left;                   /**< cycles to begin in this wave */
    struct position position;
    uint64_t intended; /**< ns: when the cycle should begin; 0: when it does */
    uint64_t since;    /**< ns: from when its latency counts */
    uint64_t free;     /**< ns: in an open model, since when it could begin a cycle; 0: always */
    eighth_instance *object;
    uint16_t port;       /**< that the object was created with */
    uint16_t step;       /**< index of the newest step, for records */
    uint32_t connection; /**< ordinal; 0: none yet */
    int32_t fd;
    struct connect_trace trace;
    unsigned char *session; /**< SESSION_CAPACITY bytes, or NULL */
    size_t session_length;
};

#endif
