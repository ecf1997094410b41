/* SPDX-License-Identifier: MIT
 *
 * The embedded server: TLS or clear text, HTTP/2 and HTTP/1.1, several threads that share the
 * listening sockets. Each accepted connection gets an ordinal and an entry in the ledger before its
 * first byte is read, and its fault, if any, by that ordinal.
 */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include "harness/base/ledger.h"
#include "harness/scenario/model.h"
#include "harness/target/loop.h"
#include "harness/target/tls_context.h"

#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdatomic.h>

struct target {
    const struct embedded_model *model;
    struct ledger *ledger;
    struct tls_contexts tls; /**< own NULL: clear text */
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    int *listeners; /**< one for each port of the ledger */
    unsigned listener_count;
    int refuser; /**< bound, not listening; -1: no fault needs it */

    _Atomic uint64_t seed; /**< of the trial */
    _Atomic uint64_t base; /**< ordinals of the trial are above it */
    _Atomic bool stopping;
    _Atomic uint64_t drain_order; /**< loops empty the accept queue when it grows */
    _Atomic uint64_t active;      /**< connections that live */

    pthread_mutex_t lock;
    pthread_cond_t quiet; /**< drained or active changed while somebody waits */
    _Atomic bool waiting; /**< somebody waits for quiet */
    unsigned drained;     /**< under lock: loops that obeyed drain_order */

    unsigned threads; /**< loops that run */
    struct loop *loops;
};

/** Starts to serve at so many ports of 127.0.0.1 (1 to LEDGER_PORTS; the first is the model's).
 *  model and ledger must outlive the target; the ports are written to the ledger. With TLS, ca_file
 * (may be NULL) gets the root certificate. Raises RLIMIT_NOFILE as far as it goes. Fails with
 * FAILURE_ENVIRONMENT or FAILURE_USAGE; nothing is left then. */
int target_start(struct target **target, const struct embedded_model *model, unsigned ports,
                 struct ledger *ledger, const char *ca_file, struct failure *failure);

/** A trial begins: while no connection lives. */
void target_begin(struct target *target, uint64_t seed);

/** Empties the accept queue and waits, at most timeout_ns, until no connection lives; returns how
 *  many still do. With 0 the ledger's counters are exact. *stuck: threads that did not look into
 * the queue, because they do not run. */
uint64_t target_quiesce(struct target *target, uint64_t timeout_ns, unsigned *stuck);

/** Ends all connections and threads, and frees the target; NULL is allowed. */
void target_stop(struct target *target);

/** For loops: the calling loop has emptied the accept queue, as this value of drain_order told it.
 */
void target_report_drained(struct target *target, uint64_t order);

/** For connections: one has ended, and all that it counted is in the ledger. */
void target_report_ended(struct target *target);

#endif
