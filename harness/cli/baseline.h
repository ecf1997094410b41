/* SPDX-License-Identifier: MIT
 *
 * Baselines kept by name: reports in REPORTS/baselines, which CI stores and brings back.
 */
#ifndef CLI_BASELINE_H
#define CLI_BASELINE_H

#include "harness/base/failure.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/** Whether a baseline may have that name; else FAILURE_USAGE. */
int baseline_check_name(const char *option, const char *name, struct failure *failure);

/** Writes the report as that baseline, replacing an older one whole. path is filled with where it
 *  is. Fails with FAILURE_ENVIRONMENT. */
int baseline_save(const char *reports, const char *name, const cJSON *report, char *path,
                  size_t capacity, struct failure *failure);

/** The path of a baseline: the one of that name below REPORTS, or, without one, the file or folder
 *  that is called so. */
void baseline_path(const char *reports, const char *name, char *path, size_t capacity);

#endif
