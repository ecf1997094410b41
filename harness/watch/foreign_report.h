/* SPDX-License-Identifier: MIT
 *
 * What the runtimes of other languages, and valgrind, write to stderr when they die:
 * read into the same reports as those of sanitizers.
 *
 *   valgrind invalid-read, invalid-write, invalid-free, mismatched-free, uninitialised-value,
 *            definitely-lost, ..., terminating: stacks as ASan's, with the same roles
 *   crystal  invalid-memory-access, unhandled-exception
 *   go       panic, fatal-error, signal; the goroutine that died, then the others ("thread")
 *   rust     panic, stack-overflow
 *   python   fatal-error (faulthandler: all threads), exception
 *   java     fatal-error (the head of hs_err), exception
 *   node     fatal-error, exception
 */
#ifndef WATCH_FOREIGN_REPORT_H
#define WATCH_FOREIGN_REPORT_H

#include "harness/watch/sanitizer_report.h"

/** Adds what is found in text to *log, as sanitizer_parse does. Frames are innermost first, also
 *  where the runtime writes them the other way round. */
void foreign_parse(const char *text, size_t length, struct sanitizer_log *log);

/** True if the report says that nobody caught an error, which is an ordinary failure: an exception,
 *  a panic that the program raised itself. A panic of the language's own checks (an index out of
 *  bounds, a nil that is followed) is a broken process, as anything else is. */
bool foreign_is_ordinary(const struct sanitizer_report *report);

/** Whether that report of the log is one to be judged: all that valgrind found, and the last word
 *  of any other runtime. explained: not if it is an ordinary failure. */
bool foreign_counts(const struct sanitizer_log *log, uint32_t index, bool explained);

/** True if stderr holds a report that is no ordinary failure. */
bool foreign_tells_crash(const char *text, size_t length);

#endif
