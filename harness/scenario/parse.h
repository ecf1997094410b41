/* SPDX-License-Identifier: MIT
 *
 * From JSON text to scenarios: syntax, validation with positions and suggestions, overrides, and
 * the expansion of the matrix. Everything an author can get wrong is found here, before anything
 * runs.
 *
 * A message has the form
 *
 *     FILE:LINE:COLUMN: at $.load.cycles: expected a whole number from 1, got "five"
 *     FILE:LINE:COLUMN: at $.load: unknown key `cylces`; did you mean `cycles`?
 */
#ifndef SCENARIO_PARSE_H
#define SCENARIO_PARSE_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/** All combinations of one file. */
struct scenario_list {
    struct scenario **items;
    size_t count;
};

#define SCENARIO_LIST_INIT \
    {                      \
        NULL, 0            \
    }

/** Parses text (length bytes, any bytes). file is used in messages and to resolve relative paths of
 *  libraries and CA files. overrides are "key=value" strings (`--set`): dotted path, JSON value or
 *  plain text. Appends one scenario for each combination of the matrix to *list. Fails with
 *  FAILURE_USAGE; *list is then unchanged. */
int scenario_parse(struct scenario_list *list, const char *file, const char *text, size_t length,
                   const char *const *overrides, size_t override_count, struct failure *failure);

/** The same for a file, or for each *.json file of a folder (by name, subfolders too, the schema
 *  excepted). Fails with FAILURE_USAGE also for a missing file or an empty folder. */
int scenario_load(struct scenario_list *list, const char *path, const char *const *overrides,
                  size_t override_count, struct failure *failure);

/** Frees the scenarios and empties the list. */
void scenario_list_clear(struct scenario_list *list);

/** The JSON Schema (draft 2020-12) of what scenario_parse accepts, made from the parser's own
 *  tables. The caller frees it with cJSON_Delete. NULL without memory. */
cJSON *scenario_schema(void);

#endif
