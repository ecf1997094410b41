/* SPDX-License-Identifier: MIT
 *
 * Failed operations of one trial, each judged by the connection that it was on: what the target did
 * to that connection on purpose explains the failure, or nothing does.
 */
#ifndef JUDGE_OBSERVATIONS_H
#define JUDGE_OBSERVATIONS_H

#include "harness/base/buffer.h"
#include "harness/base/ledger.h"
#include "harness/base/logbook.h"
#include "harness/judge/finding.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Observations that wait for the ledger are at most these; more are judged at once. */
#define OBSERVATIONS_PENDING 65536U

enum judgement { JUDGED = 0, NOT_YET /**< the ledger does not know the connection yet */ };

/** Connections whose open succeeded, of those that carry a fault by which it may have to fail. */
struct opened_connections {
    bool client_requests;             /**< the client makes requests, not only connections */
    uint8_t bits[LEDGER_ENTRIES / 8]; /**< by ordinal - first_ordinal */
};

struct observations {
    const struct scenario *scenario;
    uint32_t trial;
    uint64_t seed;
    struct ledger *ledger;  /**< NULL: an external target, nothing is explained */
    uint64_t first_ordinal; /**< of the trial in the ledger */
    uint16_t refuse_port;   /**< 0: none */
    uint64_t until; /**< ns: what went wrong later may be because the user ends the trial, and is no
                         finding; 0: none */
    struct finding_list findings;
    uint64_t unexplained; /**< failed operations that no fault explains */
    uint64_t machine;     /**< failed operations that the machine explains: ports, descriptors */
    uint64_t explained[FAULT_COUNT][LOGBOOK_PHASES][LOGBOOK_CLASSES];
    uint64_t explained_count;
    uint64_t racing; /**< observations during a race */
    struct opened_connections opened;
    bool struck[FAULT_COUNT]; /**< client.pools: faults that the target carried out in the trial */
    struct observation *pending;
    size_t pending_count;
    size_t pending_capacity;
};

/** Makes it empty, for a trial of that scenario. */
void observations_init(struct observations *observations, const struct scenario *scenario);

/** Frees what it holds. */
void observations_release(struct observations *observations);

/** Takes all observations that there are and judges those that can be. final: the worker is dead
 *  and the target is quiet, so that everything can. */
void observations_take(struct observations *observations, struct logbook *logbook, bool final);

/** For the judges of observations: adds a finding at that observation. */
void observations_add(struct observations *observations, const struct observation *observation,
                      enum finding_kind kind, const char *key, const struct buffer *title);

/** True if the code of a failed connect(2) speaks of the machine, not of the client. */
bool observations_is_machine(int32_t phase, int64_t code);

#endif
