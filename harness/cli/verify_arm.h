/* SPDX-License-Identifier: MIT
 *
 * One build of a comparison: a run of one scenario with it, and a whole report of that run, in a
 * folder below the comparison's own.
 */
#ifndef CLI_VERIFY_ARM_H
#define CLI_VERIFY_ARM_H

#include "harness/cli/runner.h"
#include "harness/cli/verbs.h"
#include "harness/cli/verify_options.h"

/** What both builds have in common. */
struct verify_setup {
    const struct invocation *invocation;
    const struct verify_options *options;
    const char *scenario; /**< path */
    const struct layout *layout;
    struct signals *signals;
};

struct verify_arm {
    struct run_options options;
    struct scenario_list scenarios;
    struct progress progress;
    struct runner runner;
    char *words[VERIFY_MOST_WORDS + 16]; /**< the command line of run; the texts are owned */
    int word_count;
};

/** A whole number of trials, ended by the first with a finding or not. */
struct verify_order {
    const char *role;   /**< "before", "after" */
    const char *client; /**< as --client of run takes it */
    uint64_t trials;
    bool until_finding;
    bool timed;    /**< the option of a time holds for it */
    uint64_t seed; /**< given if has_seed */
    bool has_seed;
};

/** Zeroes the arm: it may be released from then on. */
void verify_arm_init(struct verify_arm *arm);

/** Reads options and scenario. Fails as those do; one scenario without combinations is wanted.
 *  Afterwards arm->options.seed is known. */
int verify_arm_prepare(struct verify_arm *arm, const struct verify_setup *setup,
                       const struct verify_order *order, struct failure *failure);

/** Runs the trials and writes the report below the folder. Fails when the run could not go on (the
 *  disk, a client that does not fit); what was seen until then is in the result. */
int verify_arm_run(struct verify_arm *arm, const struct verify_setup *setup,
                   const struct verify_order *order, const struct report_folder *folder,
                   struct failure *failure);

/** What came out; NULL when nothing ran. It lives until verify_arm_release. */
const struct scenario_result *verify_arm_result(const struct verify_arm *arm);

/** Frees all. */
void verify_arm_release(struct verify_arm *arm);

#endif
