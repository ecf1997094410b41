/* SPDX-License-Identifier: MIT
 *
 * A defect: one historical failure, rebuilt by replacing seams of the clean client. Each is one
 * file that ends in one record, which says what it is; defects.c lists them all.
 */
#ifndef LAB_DEFECT_H
#define LAB_DEFECT_H

#include "client/h2/instance.h"

#include <stdbool.h>

/** An option of a defect, in client.options beside "defect": a whole number, or one of some words.
 */
struct lab_option {
    const char *name;
    const char *help;
    const char *const *words; /**< ended by NULL; the value is an index. NULL: a number */
    int low;                  /**< of a number, like the next two */
    int high;
    int initial; /**< also of words */
    int *value;  /**< where the defect reads it; set before apply, constant afterwards */
};

/** What a defect says about itself. Constant. */
struct lab_defect {
    const char *name;
    const char *seed;      /**< what the notes say, in short */
    const char *mechanism; /**< what really goes wrong */
    const char *plain;     /**< the expected finding, by flavor */
    const char *asan;
    const char *tsan;
    const char *twin;                 /**< how it is done right, as client.options */
    const struct lab_option *options; /**< ended by a NULL name; NULL: none */
    /** Replaces tables of the clean client. In init, once. 0, or -1 without memory. */
    int (*apply)(struct h2_seams *seams);
    /** NULL, or called by cleanup, when no instance is left, before the process's state is freed.
     */
    void (*end)(void);
};

/** All defects, ended by NULL. */
extern const struct lab_defect *const lab_defects[];

/** The one with the name, or NULL. */
const struct lab_defect *lab_defect_named(const char *name);

/** Whether the defect has this option; lab_option_store takes a value for it. */
const struct lab_option *lab_option_named(const struct lab_defect *defect, const char *name);

/** The clean client, under the names that its objects have in this library. */
const struct eighth_client *lab_clean_client(void);
struct h2_seams lab_clean_seams_for(const struct h2_options *options);

#endif
