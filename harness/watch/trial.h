/* SPDX-License-Identifier: MIT
 *
 * One trial: a fresh worker process, watched from its start to its end, and everything it leaves
 * behind. What that means is for the judge to say.
 */
#ifndef WATCH_TRIAL_H
#define WATCH_TRIAL_H

#include "harness/base/ledger.h"
#include "harness/base/logbook.h"
#include "harness/scenario/model.h"
#include "harness/watch/child.h"
#include "harness/watch/descriptor_evidence.h"
#include "harness/watch/layout.h"
#include "harness/watch/needs.h"
#include "harness/watch/output.h"
#include "harness/watch/program_log.h"
#include "harness/watch/signals.h"
#include "harness/watch/stack.h"
#include "harness/watch/target_process.h"
#include "harness/watch/tracing.h"

#include <stdbool.h>
#include <stdint.h>

/** Why the controller ended the worker, if it did. */
enum trial_stop {
    TRIAL_NOT_STOPPED = 0,
    TRIAL_STOP_DEADLINE,
    TRIAL_STOP_MEMORY,
    TRIAL_STOP_TARGET,   /**< the target had died, or was stopped */
    TRIAL_STOP_INTERRUPT /**< the user wants to stop */
};

/** Everything that one worker left. With an external program the worker is the process that drives
 *  it, and what the program's own processes came to is in the program log. */
struct trial_record {
    uint32_t index; /**< from 0 */
    uint64_t seed;

    bool started;           /**< the worker was exec'ed; else failure says why not */
    struct failure failure; /**< of the machine or of eighth: makes the trial an infra one */
    enum trial_stop stop;
    bool forced;           /**< SIGTERM was not enough */
    int status;            /**< of waitpid(2), once over */
    uint64_t begun;        /**< ns, monotonic: before the worker's start */
    uint64_t ended;        /**< ns: after it was reaped */
    uint64_t stopped_at;   /**< ns: when the controller decided to stop it */
    uint64_t cpu_ns;       /**< user and system time of the worker, from exit */
    uint64_t calls;        /**< system calls while cycles ran, if they were counted; else 0 */
    uint64_t instructions; /**< while cycles ran, if callgrind counted them; else 0 */
    uint64_t peak_rss;     /**< bytes: the largest of all samples and of the kernel's own maximum */

    struct shared_memory shared;
    struct logbook *logbook; /**< NULL if there is none */
    uint32_t lanes;          /**< that follow it; the logbook's own number is not to be trusted */
    struct output out;
    struct output err;
    struct shared_memory programs_shared;
    struct program_log *programs; /**< NULL: the client is a library */

    bool has_target;    /**< the embedded one: the fields below are valid */
    bool settled;       /**< it was quiet at the end: its counts and its ledger are whole */
    bool target_died;   /**< during the trial: target_text says how */
    bool target_paused; /**< it was seen stopped (SIGSTOP): who waited for it, waited in vain */
    bool target_stuck;  /**< it stayed so, or a thread of it did not run at the end: target_text */
    uint64_t paused_since; /**< ns: it is stopped since then; 0: it is not */
    char target_text[1280];
    uint64_t target_active; /**< connections that lived on after the worker's end */
    struct ledger_counters at_begin;
    struct ledger_counters at_end;
    uint64_t first_ordinal; /**< of the trial's connections in the ledger */
    uint64_t last_ordinal;  /**< below first_ordinal: none */

    /* Deeper evidence; empty when there is none. */
    struct thread_stacks stacks;            /**< of all threads at the death or at the deadline */
    struct thread_stacks left;              /**< the same, where threads were left at the end */
    struct descriptor_evidence descriptors; /**< misused, or left open */
    char stacks_refused[320]; /**< why there are fewer stacks than there could be; "" */
    char module[256];         /**< file name of the client's library: whose frames are its own */
    struct buffer sanitizer;  /**< all that its sanitizer wrote, file by file */
    bool sanitized;           /**< it ran with a sanitizer */
    bool poisoned;            /**< it ran in the flavor poison */
    bool sanitizer_exit;      /**< it ended with the status that the sanitizer was told to use */
};

/** What all trials of a scenario share. */
struct trial_setup {
    const struct scenario *scenario;
    const struct layout *layout;
    const char *flavor;
    const char *const *environment; /**< of the worker, ended by NULL; NULL: the controller's */
    const struct needs *needs;
    const char *worker;  /**< path; with an external program that of eighth itself */
    const char *library; /**< path; with an external program that of the program */
    bool undefined;      /**< library is built with UBSan: see instrumentation.h */
    struct signals *signals;
    struct target_process *target; /**< running; NULL with an external address */
    struct tracing *tracing;       /**< takes stacks; NULL: none are taken. Only for this thread */
    bool count_calls;              /**< count system calls: slow, no timing means anything then */
    bool count_instructions;       /**< by the processor, where it has counters */
    const char *valgrind;          /**< run the worker in it, see callgrind.h; NULL: not */
    const char *folder;            /**< where sanitizers may write meanwhile; NULL: below /tmp */
    /** Called about ten times a second while the worker runs, and once after its end with final
     *  true, when all connections are down in the ledger. May read the logbook and the ledger. */
    void (*listen)(void *context, struct trial_record *record, struct target_process *target,
                   bool final);
    void *context;
};

/** Runs the trial to its end. The record must be fresh; it is always filled, and the caller
 *  releases it with trial_release. */
void trial_run(const struct trial_setup *setup, uint32_t index, uint64_t seed,
               struct trial_record *record);

/** Makes an empty record. */
void trial_init(struct trial_record *record);

/** Frees what the record holds. */
void trial_release(struct trial_record *record);

/** True if the worker's run came to its end in good order: state FINISHED, not stopped, and status
 *  0, or the one by which a sanitizer says at the exit that it has reports. */
bool trial_ended_well(const struct trial_record *record);

/** Where the worker stood last; out of range values (it may scribble) become STARTING. */
enum worker_state trial_state(const struct trial_record *record);

#endif
