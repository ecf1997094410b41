/* SPDX-License-Identifier: MIT
 *
 * The variables of eighth's environment that change what a client does: a worker has all of that
 * environment, a report holds these and no other, so that no secret gets into it.
 */
#ifndef REPORT_SETTINGS_H
#define REPORT_SETTINGS_H

#include "harness/base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/** Adds a member for each of them that is set. */
void settings_describe(cJSON *object);

/** Adds "NAME=value " for each of them that is set, quoted for a POSIX shell: what stands before a
 *  command that runs again. */
void settings_prefix(struct buffer *text);

/** If word is NAME=value of one of them, gives the name and returns the value, which is part of
 *  word; else NULL. */
const char *settings_value(const char *word, const char **name);

#endif
