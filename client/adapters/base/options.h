/* SPDX-License-Identifier: MIT
 *
 * The options object that init receives, as JSON text.
 */
#ifndef ADAPTERS_OPTIONS_H
#define ADAPTERS_OPTIONS_H

#include "client/eighth_client.h"

#include <stdbool.h>

/** One option: a word of `words`, a list of them, or true and false where there are none. */
struct option {
    const char *name;
    const char *const *words; /**< ended by NULL; NULL: the option is true or false */
    bool list;                /**< a list of words: bits (1 << index), or-ed */
    /** Set if the option is given: the word's index, the bits, or 0 and 1. */
    unsigned *value;
};

/** Reads text ("{}" or NULL: nothing is given). An unknown option or value fails with
 *  EIGHTH_UNSUPPORTED and a text that says what there is. */
int options_read(const char *text, const struct option *options, size_t count,
                 struct eighth_error *error);

#endif
