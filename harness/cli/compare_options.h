/* SPDX-License-Identifier: MIT
 *
 * What the command line of `eighth compare` says.
 */
#ifndef CLI_COMPARE_OPTIONS_H
#define CLI_COMPARE_OPTIONS_H

#include "harness/cli/run_options.h"
#include "harness/judge/compare.h"

#include <stdbool.h>
#include <stdint.h>

enum compare_whose { SIDE_BASELINE = 0, SIDE_CANDIDATE, SIDES };

/** The command line as it stands for one side: the runs of both sides differ in their client. */
struct compare_options {
    struct run_options run; /**< first: options of run are taken into it */
    enum compare_whose whose;
    bool given[SIDES];           /**< --baseline, --candidate */
    const char *baseline_report; /**< NULL: none */
    const char *save_baseline;   /**< NULL: not */
    uint64_t trials;             /**< on each side of each scenario; 0: not given */
    uint64_t max_time_ns;        /**< for all; 0: not given */
    bool sequential;
    bool same_too;       /**< measure also what is one build twice */
    char valgrind[1024]; /**< --callgrind: where it is; "": not wanted */
    const char *fail_on;
    struct compare_settings settings;
};

/** Parses for one side, with the meaning of options_parse; argv is changed as there. Release them
 *  in any case. */
int compare_options_parse(struct compare_options *options, enum compare_whose whose, int argc,
                          char **argv, int *words, struct failure *failure);

void compare_options_release(struct compare_options *options);

#endif
