/* SPDX-License-Identifier: MIT
 *
 * When a sanitizer began its last report. To write one takes it far longer than what it reports
 * took: with the time at which the process ended, every operation would seem to have been under way
 * for a tenth of a second.
 */
#ifndef WORKER_REPORT_MOMENT_H
#define WORKER_REPORT_MOMENT_H

#include "harness/base/logbook.h"

/** From now on the logbook, which must stay valid for the life of the process, gets the moment of
 *  each report of AddressSanitizer and UndefinedBehaviorSanitizer. Once. */
void report_moment_watch(struct logbook *logbook);

#endif
