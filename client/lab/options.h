/* SPDX-License-Identifier: MIT
 *
 * The lab's own options: which defect, whether its twin runs instead, and what the defect takes.
 */
#ifndef LAB_OPTIONS_H
#define LAB_OPTIONS_H

#include "client/lab/defect.h"

struct lab_options {
    const struct lab_defect *defect; /**< NULL: none is active */
    char *rest;                      /**< the clean client's options as JSON text; cJSON_free */
};

/** Takes "defect", "fixed" and the defect's options out of text. With "fixed" the defect's options
 *  are checked all the same, but it is not active. Fails with EIGHTH_UNSUPPORTED and a text. */
int lab_options_parse(struct lab_options *options, const char *text, struct eighth_error *error);

#endif
