/* SPDX-License-Identifier: MIT
 *
 * Paths of files that a scenario names: relative ones are meant from the scenario's folder.
 */
#ifndef SCENARIO_RESOLVE_H
#define SCENARIO_RESOLVE_H

#include "harness/scenario/reading.h"

/** Longest path, in bytes, as written. */
#define RESOLVE_LONGEST 4000U

/** Whether the text can be a path here: not too long, nothing but characters that print. */
bool resolve_is_path(const char *text);

/** The absolute folder of a file, by the current folder if file is relative; NULL without memory.
 *  The caller frees it. */
char *resolve_folder_of(const char *file);

/** The path as an absolute one, relative to folder; NULL without memory. The caller frees it. */
char *resolve_path(const char *folder, const char *path);

/** Resolves the string value against reading->folder, if it holds a '/', in the tree and as a copy
 *  in *field. */
int resolve_into(struct reading *reading, cJSON *value, char **field);

#endif
