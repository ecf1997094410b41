/* SPDX-License-Identifier: MIT
 *
 * The target's process as the controller sees it: started once for a scenario, told when trials
 * begin and end, watched all the while.
 */
#ifndef WATCH_TARGET_PROCESS_H
#define WATCH_TARGET_PROCESS_H

#include "harness/base/ledger.h"
#include "harness/scenario/model.h"
#include "harness/watch/child.h"
#include "harness/watch/layout.h"
#include "harness/watch/output.h"
#include "harness/watch/signals.h"

#include <stdbool.h>
#include <stdint.h>

struct target_process {
    struct child child;
    int control; /**< our end; -1: not running */
    struct shared_memory shared;
    struct ledger *ledger; /**< NULL: not running */
    struct output out;
    struct output err;
    char folder[64];   /**< private, for the CA; "" if none */
    char ca_file[128]; /**< "" in clear text */
    bool dead;         /**< it ended by itself: end_text says how */
    char end_text[1280];
};

/** A target_process that is not running. */
void target_process_init(struct target_process *target);

/** Starts it and waits until it listens. Fails with the target's own words (a port in use is
 *  FAILURE_ENVIRONMENT), and leaves nothing running. signals interrupt the wait. */
int target_process_start(struct target_process *target, const struct scenario *scenario,
                         const struct layout *layout, uint64_t descriptors, struct signals *signals,
                         struct failure *failure);

/** Tells it that a trial begins. Fails with FAILURE_ENVIRONMENT if it is dead. */
int target_process_begin(struct target_process *target, uint64_t seed, struct signals *signals,
                         struct failure *failure);

/** What is left at the target after a quiesce. */
struct target_rest {
    uint64_t active; /**< connections that still live */
    uint64_t stuck;  /**< of its threads, that do not run */
};

/** Waits until no connection lives, at most timeout_ns; *rest tells what is left then. Fails with
 *  FAILURE_ENVIRONMENT if it does not answer. */
int target_process_quiesce(struct target_process *target, uint64_t timeout_ns,
                           struct target_rest *rest, struct signals *signals,
                           struct failure *failure);

/** True while its process is stopped, by SIGSTOP or the like. */
bool target_process_is_stopped(const struct target_process *target);

/** Takes its output and notices its end. True while it lives. Never blocks. */
bool target_process_check(struct target_process *target);

/** Ends it, removes its folder, releases everything; safe when it is not running. */
void target_process_stop(struct target_process *target);

#endif
