/* SPDX-License-Identifier: MIT
 *
 * The matrix of a scenario: its keys, their values, and all combinations in order.
 */
#ifndef SCENARIO_MATRIX_H
#define SCENARIO_MATRIX_H

#include "harness/scenario/reading.h"

#define MATRIX_MAX_COMBINATIONS 1000U
#define MATRIX_MAX_KEYS 16U

struct matrix {
    struct variation *variations;
    size_t count;
    size_t combinations; /**< at least 1 */
};

/** Reads the `matrix` of the root object (none: one combination). The matrix points into tree,
 *  which must outlive it. A key that an override sets is left out. */
int matrix_read(struct matrix *matrix, struct reading *reading, const cJSON *tree);

/** Chooses combination number i, below combinations: the last key varies fastest. */
void matrix_choose(struct matrix *matrix, size_t i);

/** Puts the chosen values into tree (a copy without `matrix`). */
int matrix_apply(const struct matrix *matrix, struct reading *reading, cJSON *tree);

/** "client.options.cache=none, load.clients=20"; "" without a matrix; NULL without memory. Each
 *  part is what `--set` would need: JSON, or a text that is none. ", " is between two of them. */
char *matrix_text(const struct matrix *matrix);

/** The length of the first part of such a text. */
size_t matrix_part(const char *combination);

void matrix_release(struct matrix *matrix);

/** For the table of the root: a key that is not the reader's business, and schemas. */
int matrix_ignore(struct reading *reading, const struct place *place, cJSON *value, void *model);
cJSON *matrix_ignored_schema(void);
cJSON *matrix_schema(void);

#endif
