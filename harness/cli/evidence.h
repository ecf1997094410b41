/* SPDX-License-Identifier: MIT
 *
 * The raw evidence of a trial in the report's folder: what the worker and its
 * sanitizer wrote, the stacks of all threads, and the last 256 events of each.
 */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "harness/report/folder.h"
#include "harness/watch/trial.h"

/** Writes FOLDER/NAME/{stderr,stdout,sanitizer,stacks,flight}.txt; empty ones are left out. Fails
 *  as report_folder_write. */
int evidence_write(const struct report_folder *folder, const char *name,
                   const struct trial_record *record, struct failure *failure);

#endif
