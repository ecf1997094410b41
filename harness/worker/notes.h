/* SPDX-License-Identifier: MIT
 *
 * Lines of the logbook that are for humans: what was withheld, why the worker could not start.
 */
#ifndef WORKER_NOTES_H
#define WORKER_NOTES_H

#include "harness/base/failure.h"
#include "harness/base/logbook.h"

/** Adds one line to the notes; what does not fit is cut. Main thread only. */
void notes_add(struct logbook *logbook, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Writes the failure and moves the state to WORKER_REFUSED. Any thread. */
void notes_refuse(struct logbook *logbook, const struct failure *failure);

#endif
