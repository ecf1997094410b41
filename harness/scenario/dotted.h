/* SPDX-License-Identifier: MIT
 *
 * Paths into a scenario's tree as options and the matrix write them: `load.cycles`,
 * `steps.1.request.path`, `thresholds["tls.p99"]`.
 */
#ifndef SCENARIO_DOTTED_H
#define SCENARIO_DOTTED_H

#include "harness/scenario/syntax.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct dotted {
    char *storage; /**< the elements, each ended by a zero byte */
    const char *elements[SYNTAX_MAX_DEPTH];
    size_t count;
};

#define DOTTED_INIT     \
    {                   \
        NULL, {NULL}, 0 \
    }

/** Reads the length bytes of a path. Elements are separated by dots or stand in brackets; a leading
 *  "$." is allowed. What follows `thresholds.` or `matrix.` is one element, dots included. 0; -1
 * with *problem (static text). */
int dotted_parse(struct dotted *path, const char *text, size_t length, const char **problem);

void dotted_release(struct dotted *path);

/** Whether the path is the place (with key, unless NULL, below it) or one of its parents. */
bool dotted_covers(const struct dotted *path, const struct place *place, const char *key);

/** Whether the path leads on below the place. */
bool dotted_leads_through(const struct dotted *path, const struct place *place);

bool dotted_equal(const struct dotted *a, const struct dotted *b);

/** Puts value (owned by the tree afterwards, freed on failure) where the path says, replacing what
 *  is there. Objects on the way are made; an item one behind the end of an array is appended.
 *  0; -1 with *problem: static text, and *at the element (from 0) that it is about. */
int dotted_set(cJSON *root, const struct dotted *path, cJSON *value, const char **problem,
               size_t *at);

#endif
