/* SPDX-License-Identifier: MIT
 *
 * The words of findings and reports for numbers that come from a worker. All take any number: one
 * that is out of range (a dying client scribbles) becomes "?".
 */
#ifndef JUDGE_WORDS_H
#define JUDGE_WORDS_H

#include "harness/base/buffer.h"

#include <stdint.h>

/** "resolve", "tcp", "tls", "alpn", "h2", "request", "close"; "none" for 0. */
const char *words_phase(int64_t phase);

/** "refused", "reset", "timeout", ...; "ok" for 0. */
const char *words_class(int64_t error_class);

/** "starting", "loading the client", "running", "cleaning up", "finished", "refused to start". */
const char *words_worker_state(unsigned state);

/** Adds a duration for a human: "340 us", "1.25 s". */
void words_duration(struct buffer *text, uint64_t ns);

/** Adds a size for a human: "512 B", "1.5 MiB". */
void words_size(struct buffer *text, uint64_t bytes);

/** Adds text of a client: control characters become '?', so that a report or a terminal is not at
 *  its mercy. At most limit bytes. */
void words_clean(struct buffer *text, const char *words, size_t limit);

#endif
