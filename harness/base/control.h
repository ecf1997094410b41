/* SPDX-License-Identifier: MIT
 *
 * The control channel between controller and target: a Unix socket of type SOCK_SEQPACKET whose
 * target end is inherited across exec. One request, one reply, in turn. When the controller's end
 * closes, the target ends by itself: no controller death leaves a target behind.
 */
#ifndef BASE_CONTROL_H
#define BASE_CONTROL_H

#include <stdint.h>

enum control_verb {
    /** Target to controller, once, unasked: it listens; ports stand in the ledger. */
    CONTROL_READY = 1,
    /** Target to controller, instead of READY: it cannot start; text says why. */
    CONTROL_FAILED,
    /** Controller to target, while no connection lives: a trial begins, with its seed. Sets the
     *  ledger's trial_seed and trial_base. Reply CONTROL_DONE. */
    CONTROL_BEGIN,
    /** Controller to target: empty the accept queue and wait, at most timeout_ns, until no
     *  connection lives. Reply CONTROL_DONE with active = the connections that still live (0: the
     *  ledger's counters are exact now), stuck = the threads that did not obey in that time. */
    CONTROL_QUIESCE,
    CONTROL_DONE
};

struct control_message {
    uint32_t verb;       /**< enum control_verb */
    uint32_t kind;       /**< enum failure_kind, in FAILED */
    uint64_t seed;       /**< in BEGIN */
    uint64_t timeout_ns; /**< in QUIESCE */
    uint64_t active;     /**< in DONE after QUIESCE */
    uint64_t stuck;      /**< in DONE after QUIESCE */
    char text[1024];     /**< in FAILED */
};

#endif
