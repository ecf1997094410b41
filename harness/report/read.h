/* SPDX-License-Identifier: MIT
 *
 * Reads a report.json back. It may come from anywhere, and is not trusted to be complete.
 */
#ifndef REPORT_READ_H
#define REPORT_READ_H

#include "harness/base/failure.h"

#include <cjson/cJSON.h>

/** The tree of the report at path, a report.json or the folder that holds it; its `scenarios` is an
 *  array. The caller frees it with cJSON_Delete. NULL with FAILURE_USAGE if it cannot be read or is
 *  no report of eighth. */
cJSON *report_read(const char *path, struct failure *failure);

/** Whether it is a report as `eighth run` writes it, of this version: for those who count what is
 * in it. Fails with FAILURE_USAGE, naming path. */
int report_check(const cJSON *report, const char *path, struct failure *failure);

#endif
