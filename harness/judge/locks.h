/* SPDX-License-Identifier: MIT
 *
 * Which lock a report means: ThreadSanitizer calls mutexes M117, and tells apart from that where
 * each one was made, or first locked where it needed no making.
 */
#ifndef JUDGE_LOCKS_H
#define JUDGE_LOCKS_H

#include "harness/base/buffer.h"
#include "harness/watch/sanitizer_report.h"

/** Adds names of mutexes as the report lists them ("write M0, read M1"), each followed by where it
 *  comes from, if the report tells: "write M0 (made by cache_new at cache.c:12)". module: file name
 *  of the client's library; "" unknown. */
void locks_tell(const struct sanitizer_report *report, const char *names, const char *module,
                struct buffer *text);

#endif
