/* SPDX-License-Identifier: MIT
 *
 * Which thread a finding is about, what it was doing, and what the others were: the flight record
 * and the stacks, brought together by thread id.
 */
#ifndef JUDGE_CULPRIT_H
#define JUDGE_CULPRIT_H

#include "harness/judge/doing.h"
#include "harness/judge/finding.h"
#include "harness/watch/trial.h"

#include <stdbool.h>
#include <stdint.h>

/** Everything is borrowed from the record. */
struct culprit {
    uint64_t when;             /**< ns: the moment that counts: of the death, or of the stop */
    bool has_doing;            /**< doing is known */
    struct doing doing;        /**< what the thread noted last */
    const struct stack *stack; /**< of the thread; NULL none */
    bool sure;                 /**< the stack shows the finding itself, not only the suspect */
    uint32_t suspects;         /**< threads in an operation, where nothing tells which of them it
                                    was; 0: else, or none was */
};

/** The moment, in ns, that the sentences about a trial's end count from: of the fatal signal, of
 * the stop, or when the sanitizer began the report with which it ended the worker; else when it was
 *  over. */
uint64_t culprit_moment(const struct trial_record *record);

/** After a death: the thread that got the signal. Where that is not known, the only one that was in
 *  an operation; if several were, none: they are suspects. */
void culprit_of_death(const struct trial_record *record, struct culprit *culprit);

/** At a deadline: the thread that is longest in its operation. */
void culprit_of_hang(const struct trial_record *record, struct culprit *culprit);

/** Of a report whose bug showed in this stack, at the worker's end: the thread with its id, or the
 *  only one that was inside the operation that the stack shows. */
void culprit_of_stack(const struct trial_record *record, const struct stack *stack,
                      struct culprit *culprit);

/** The thread that is in, or was a moment ago in, another operation of the culprit's instance;
 *  false if there is none. */
bool culprit_companion(const struct trial_record *record, const struct culprit *culprit,
                       struct doing *companion);

/** Adds ", in close of instance 8 (connection 12)", and behind that " while thread 5 was in request
 *  of the same instance"; with suspects ", in one of: " and their operations; nothing if nothing is
 *  known. */
void culprit_tell(const struct trial_record *record, const struct culprit *culprit,
                  struct buffer *text);

/** Fills what the finding says about the culprit: connection, instance, phase, sentences of all
 *  threads. */
void culprit_add(const struct trial_record *record, const struct culprit *culprit,
                 struct finding *finding);

/** Adds the stacks of all threads, those that tell most first; the culprit's own is called
 *  `title`. */
void culprit_add_stacks(const struct trial_record *record, const struct culprit *culprit,
                        const char *title, struct finding *finding);

#endif
