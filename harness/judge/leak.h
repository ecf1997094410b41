/* SPDX-License-Identifier: MIT
 *
 * What a client leaves behind, at quiet points. Descriptors, threads and TLS objects: exact counts,
 * no statistics. Heap: by its slope (slope.h).
 *
 *   - Threads and TLS objects (SSL, SSL_CTX, SSL_SESSION) must be after the client's cleanup what
 *     they were before it was loaded.
 *   - So must sockets. Other descriptors may stay if they are one-time (a library that keeps
 *     /dev/urandom open is no leak); they are noted. They are a leak if there is at least one for
 *     each cycle, or if they grow from round to round. With too few rounds to see that, they are
 *     one, too, if one thread opened two of them at the same place in different cycles: what is
 *     opened once, or once for each thread, does not do so, and nothing may be left.
 *   - Descriptors, sockets and threads that the cleanup gives back must not grow and grow from
 * round to round (count_growth.h): a pool that fills and stops is no leak. With too few rounds to
 * tell the two apart that is noted. TLS objects may grow: a session cache fills.
 *   - Where the client's allocations are counted, none may be left after the cleanup.
 *   - The heap must not grow with the cycles (leak_heap.h). Where the worker's malloc does not tell
 *     (sanitizers have their own), it is not judged, and a note says so.
 *   - A worker that did not end well is not judged: it had no chance to clean up.
 */
#ifndef JUDGE_LEAK_H
#define JUDGE_LEAK_H

#include "harness/base/buffer.h"
#include "harness/base/logbook.h"
#include "harness/judge/finding.h"
#include "harness/watch/descriptor_evidence.h"

/** Judges the samples of one worker that ended well. Adds findings of the trial to *findings and
 *  lines about what is no leak, or may be one, to *notes. descriptors: who opened what was left
 *  open; NULL if nobody watched. */
void leak_judge(const struct logbook *logbook, const struct descriptor_evidence *descriptors,
                uint32_t trial, uint64_t seed, struct finding_list *findings, struct buffer *notes);

#endif
