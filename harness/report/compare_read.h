/* SPDX-License-Identifier: MIT
 *
 * From reports to what is compared.
 */
#ifndef REPORT_COMPARE_READ_H
#define REPORT_COMPARE_READ_H

#include "harness/base/failure.h"
#include "harness/judge/compare_side.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/** Reads one scenario of a report, which is not trusted to be complete: what is missing is not
 *  known. Release the side in any case. Fails with FAILURE_ENVIRONMENT: no memory. */
int compare_side_read(struct compare_side *side, const cJSON *scenario, struct failure *failure);

/** The scenario of the report that is the same as this one of another report: same name, flavor and
 *  combination, the n-th of these where it is the n-th. NULL if there is none. */
const cJSON *compare_partner(const cJSON *report, const cJSON *other, const cJSON *scenario);

/** The report's scenario of that name, flavor and combination that comes after so many others like
 *  it; NULL if there is none. */
const cJSON *compare_nth(const cJSON *report, const char *name, const char *flavor,
                         const char *combination, size_t before);

#endif
