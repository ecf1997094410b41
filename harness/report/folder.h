/* SPDX-License-Identifier: MIT
 *
 * The folder that a run writes to, and the one way in which a file gets into it: written under
 * another name, flushed to the disk, renamed. A reader sees the old file or the new one, never half
 * of one, whatever happens to the writer.
 */
#ifndef REPORT_FOLDER_H
#define REPORT_FOLDER_H

#include "harness/base/failure.h"

#include <stddef.h>
#include <stdint.h>

#define REPORT_PATH 4096

struct report_folder {
    char path[REPORT_PATH]; /**< "" if there is none */
};

/** Makes REPORTS/NAME-UTC-SEED, and REPORTS if it is missing, and proves with a file that the disk
 *  takes data. Fails with FAILURE_ENVIRONMENT (not writable, disk full) and leaves nothing new but
 *  perhaps an empty REPORTS. */
int report_folder_make(struct report_folder *folder, const char *reports, const char *name,
                       uint64_t seed, struct failure *failure);

/** Writes the file `name`, which may hold one level of subfolder ("trial-3/stderr.txt"; it is
 *  made). Fails with FAILURE_ENVIRONMENT; an older file of that name is whole then. */
int report_folder_write(const struct report_folder *folder, const char *name, const char *bytes,
                        size_t length, struct failure *failure);

/** Removes the folder if it is empty: for a run that never started. */
void report_folder_drop(struct report_folder *folder);

#endif
