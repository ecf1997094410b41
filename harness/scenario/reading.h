/* SPDX-License-Identifier: MIT
 *
 * What is known while one scenario is read, and how a message about it is made: the position in
 * the file, or the override or the matrix value that is to blame.
 */
#ifndef SCENARIO_READING_H
#define SCENARIO_READING_H

#include "harness/base/failure.h"
#include "harness/scenario/dotted.h"
#include "harness/scenario/model.h"
#include "harness/scenario/syntax.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/** One `--set`. */
struct override {
    const char *text; /**< as given: "load.cycles=5"; borrowed */
    struct dotted path;
};

/** One key of the matrix, and which of its values this combination has. */
struct variation {
    const char *key; /**< as written; borrowed from the tree */
    struct dotted path;
    const cJSON *values; /**< the array; borrowed */
    size_t count;
    size_t index;
};

struct reading {
    const char *file;
    const char *folder; /**< absolute: relative paths are resolved against it */
    const char *text;   /**< followed by a zero byte */
    size_t length;
    const struct override *overrides;
    size_t override_count;
    const struct variation *variations; /**< NULL while the file itself is read, without matrix */
    size_t variation_count;
    size_t steps_read; /**< in the flattened list */
    unsigned nesting;  /**< of repeats and races */
    struct scenario *scenario;
    struct failure *failure;
};

/** Fails with a message about the value at place. Always returns -1. */
int reading_fail(struct reading *reading, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Fails with a message about a key of the object at place (which what says). */
int reading_fail_key(struct reading *reading, const struct place *place, const char *key,
                     enum syntax_what what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** The override that gave exactly the value at place; NULL if none did. */
const struct override *reading_override_of(const struct reading *reading,
                                           const struct place *place);

/** Fails: no memory. */
int reading_no_memory(struct reading *reading);

/** Text for a message: escaped, in double quotes, cut. */
#define READING_QUOTE 100
const char *reading_quote(char quoted[READING_QUOTE], const char *text);

/** What a value is, for "got ...": its own text if it is short, else its type. */
const char *reading_describe(char text[READING_QUOTE], const cJSON *value);

#endif
