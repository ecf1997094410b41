/* SPDX-License-Identifier: MIT
 *
 * What a client leaves behind, at quiet points. Descriptors, threads and TLS objects: exact counts,
 * no statistics. Heap: by its slope (slope.h).
 *
 *   - Threads and TLS objects (SSL, SSL_CTX, SSL_SESSION) must be after the client's cleanup what
 *     they were before it was loaded.
 *   - So must sockets. Other descriptors may stay if they are one-time: a surplus counts only if
 *     descriptors also grew between the rounds, or if it is at least one for each cycle; else it is
 *     noted (a library that keeps /dev/urandom open is no leak).
 *   - Descriptors, sockets and threads must not grow from round to round: at a sample all instances
 *     are freed. With four samples or more, growth is three new maxima: something that is made
 * once, however late, is none. TLS objects may grow: a session cache fills.
 *   - The heap must not grow with the cycles. Where the worker's malloc does not tell (sanitizers
 *     have their own), it is not judged, and a note says so.
 *   - A worker that did not end well is not judged: it had no chance to clean up.
 */
#ifndef JUDGE_LEAK_H
#define JUDGE_LEAK_H

#include "harness/base/buffer.h"
#include "harness/base/logbook.h"
#include "harness/judge/finding.h"

/** Judges the samples of one worker that ended well. Adds findings of the trial to *findings and
 *  lines about one-time descriptors to *notes. */
void leak_judge(const struct logbook *logbook, uint32_t trial, uint64_t seed,
                struct finding_list *findings, struct buffer *notes);

#endif
