/* SPDX-License-Identifier: MIT
 *
 * `--set key=value`: changes to a scenario's tree before it is validated.
 */
#ifndef SCENARIO_OVERRIDES_H
#define SCENARIO_OVERRIDES_H

#include "harness/scenario/reading.h"

/** Reads count texts into *overrides, an array that overrides_free frees (NULL if count is 0).
 *  reading gives file and failure only. */
int overrides_parse(struct reading *reading, const char *const *texts, size_t count,
                    struct override **overrides);

/** Puts the values into the tree, in order. */
int overrides_apply(struct reading *reading, cJSON *tree);

/** Where the path of an override ends: at the first = that is not inside brackets. NULL: nowhere.
 */
const char *overrides_equals(const char *text);

/** The text behind the = of an override. */
const char *overrides_value(const struct override *override);

void overrides_free(struct override *overrides, size_t count);

#endif
