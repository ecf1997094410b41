/* SPDX-License-Identifier: MIT
 *
 * What the command line of `eighth verify-fix` says.
 */
#ifndef CLI_VERIFY_OPTIONS_H
#define CLI_VERIFY_OPTIONS_H

#include "harness/cli/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_MOST_WORDS 128

/** Words of a command line of run; borrowed. */
struct verify_words {
    const char *items[VERIFY_MOST_WORDS];
    int count;
};

struct verify_options {
    const char *before;  /**< the old build, as --client of run takes it; NULL: not given */
    const char *after;   /**< the fixed one */
    double confidence;   /**< in (0, 1) */
    uint64_t control;    /**< trials of the old build */
    uint64_t most;       /**< trials of the fixed build, at most */
    const char *time;    /**< no new trial of the fixed build after it; NULL: no limit */
    const char *reports; /**< where the folder is made */
    const char *name;    /**< of the folder and of the report */
    bool quiet;          /**< only the path of the result */
    struct verify_words findings; /**< patterns: what is to be judged; none: all */
    struct verify_words shared; /**< options that are passed to run as they are, for both builds */
};

/** Parses, with the meaning of options_parse, and checks that both builds are given. The values of
 *  options that run has, too, are checked by run. */
int verify_options_parse(struct verify_options *options, int argc, char **argv, int *words,
                         struct failure *failure);

#endif
