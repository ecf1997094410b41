/* SPDX-License-Identifier: MIT
 *
 * Where a run ran: versions, kernel, processor, memory.
 */
#ifndef REPORT_ENVIRONMENT_H
#define REPORT_ENVIRONMENT_H

#include <cjson/cJSON.h>

/** Fills a JSON object. */
void environment_describe(cJSON *object);

#endif
