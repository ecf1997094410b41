/* SPDX-License-Identifier: MIT
 *
 * Tells apart a target that is dead, stopped or stuck from one that only takes its time.
 */
#include "harness/watch/trial_target.h"

#include "harness/base/clock.h"

#include <stdio.h>

#define TARGET_PAUSE NS_PER_S /* a target that is stopped for longer is given up */
#define QUIESCE_TIMEOUT (5 * NS_PER_S)
#define QUIESCE_HURRIED (1 * NS_PER_S) /* when the user waits for the end */

static void note_stuck(struct trial_record *record, const char *text)
{
    record->target_stuck = true;
    (void)snprintf(record->target_text, sizeof record->target_text, "%s", text);
}

bool trial_target_is_lost(struct target_process *target, struct trial_record *record, uint64_t now)
{
    if (!target_process_check(target)) {
        return true;
    }
    if (!target_process_is_stopped(target)) {
        record->paused_since = 0;
        return false;
    }
    record->target_paused = true;
    record->paused_since = record->paused_since == 0 ? now : record->paused_since;
    if (now - record->paused_since < TARGET_PAUSE) {
        return false;
    }
    note_stuck(record, "the target was stopped while the trial ran (SIGSTOP or the like)");
    return true;
}

static void note_death_of_target(struct trial_record *record, const struct target_process *target)
{
    record->target_died = true;
    (void)snprintf(record->target_text, sizeof record->target_text, "%s", target->end_text);
}

/* After an interrupt too, so that what was known until then is whole: the worker is dead, so its
 * connections are about to end. Whoever interrupts again is not kept waiting. */
static int quiesce(const struct trial_setup *setup, struct trial_record *record,
                   struct failure *failure)
{
    bool hurried = record->stop == TRIAL_STOP_INTERRUPT;
    struct signals signals = *setup->signals;
    struct target_rest rest = {0, 0};
    char text[128];
    if (hurried) {
        signals.stop = 0;
    }
    int result = target_process_quiesce(setup->target, hurried ? QUIESCE_HURRIED : QUIESCE_TIMEOUT,
                                        &rest, &signals, failure);
    if (signals.stop != 0) {
        setup->signals->stop = signals.stop;
    }
    if (result != 0) {
        return -1;
    }
    record->target_active = rest.active;
    record->settled = rest.active == 0;
    if (rest.stuck > 0) {
        (void)snprintf(text, sizeof text, "%llu of the target's threads did not run",
                       (unsigned long long)rest.stuck);
        note_stuck(record, text);
    }
    return 0;
}

void trial_target_settle(const struct trial_setup *setup, struct trial_record *record)
{
    struct target_process *target = setup->target;
    struct failure failure = FAILURE_INIT;
    if (!target_process_check(target)) {
        note_death_of_target(record, target);
    } else if (record->target_stuck) {
        /* It would not answer. */
    } else if (target_process_is_stopped(target)) {
        note_stuck(record, "the target was stopped when the trial ended (SIGSTOP or the like)");
    } else if (quiesce(setup, record, &failure) != 0) {
        if (target->dead) {
            note_death_of_target(record, target);
        } else if (setup->signals->stop == 0) {
            note_stuck(record, failure.text);
        } else if (record->stop != TRIAL_STOP_INTERRUPT) {
            record->failure = failure;
        }
    }
    ledger_sum(target->ledger, &record->at_end);
    record->last_ordinal = atomic_load_explicit(&target->ledger->next, memory_order_acquire);
}

int trial_target_begin(const struct trial_setup *setup, struct trial_record *record)
{
    record->has_target = true;
    if (target_process_begin(setup->target, record->seed, setup->signals, &record->failure) != 0) {
        struct failure none = FAILURE_INIT;
        if (setup->target->dead) {
            note_death_of_target(record, setup->target);
        } else if (setup->signals->stop != 0) {
            record->stop = TRIAL_STOP_INTERRUPT;
            record->failure = none;
        }
        return -1;
    }
    const struct ledger *ledger = setup->target->ledger;
    ledger_sum(ledger, &record->at_begin);
    record->at_end = record->at_begin;
    record->last_ordinal = atomic_load_explicit(&ledger->next, memory_order_acquire);
    record->first_ordinal = record->last_ordinal + 1;
    return 0;
}
