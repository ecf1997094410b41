/* SPDX-License-Identifier: MIT
 *
 * The one line that says what went wrong and by which mechanism, composed from the evidence by
 * rules: what happened, where, and what else was there.
 */
#ifndef JUDGE_HEADLINE_H
#define JUDGE_HEADLINE_H

#include "harness/base/buffer.h"
#include "harness/judge/culprit.h"
#include "harness/watch/abort_text.h"
#include "harness/watch/sanitizer_report.h"
#include "harness/watch/trial.h"

/** "SIGSEGV at 0x10 in SSL_read (client frame h2_read), in request of instance 8 (connection 12)
 *  while thread 5 was in close of the same instance"; "SIGSEGV in take (lru.c:73), in open of
 * instance 2 (connection 9), while thread 5 was in trim (lru.c:131) in request of instance 4
 * (connection 8)". abort: what it said before it aborted, kind ABORT_NONE if nothing. */
void headline_of_signal(const struct trial_record *record, const struct culprit *culprit,
                        const struct abort_text *abort, struct buffer *text);

/** "not done at the deadline of 2.00 s: thread 7 is in request of instance 3 for 1.90 s, in poll
 *  (client frame h2_wait)". */
void headline_of_hang(const struct trial_record *record, const struct culprit *culprit,
                      uint64_t deadline_ns, struct buffer *text);

/** "heap-use-after-free: read in X, freed in Y, allocated in Z"; "data race on heap block of size
 *  16: write in A (close) / read in B (request)"; "leak of 40 bytes in 1 object, allocated in X".
 *  module: file name of the client's library. */
void headline_of_report(const struct sanitizer_report *report, const char *module,
                        struct buffer *text);

/** True if the signal was sent by another process. */
bool headline_is_from_outside(const struct thread_stacks *stacks);

#endif
