/* SPDX-License-Identifier: MIT
 *
 * What the command line of `eighth run` says.
 */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "harness/cli/bisect.h"
#include "harness/cli/flavor.h"
#include "harness/cli/options.h"
#include "harness/cli/stop_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A growing list of words that it may own. */
struct word_list {
    const char **items;
    size_t count;
};

struct run_options {
    uint64_t seed;
    bool seed_given;
    const struct flavor *flavor; /**< NULL: all of them */
    uint64_t trials;             /**< 0: as the scenarios say */
    bool until_finding;
    uint64_t time_ns; /**< 0: not given */
    unsigned jobs;    /**< trials at once, from 1 */
    const char *reports;
    const char *name; /**< NULL: from the scenarios */
    bool quiet;
    bool keep;
    bool bisect; /**< exit codes for git, trials by bisect_plan, the first finding ends it */
    struct bisect_plan bisect_plan;
    const char *save_baseline; /**< NULL: not */
    struct word_list sets;     /**< all overrides, in the order given */
    struct word_list repeat;   /**< words of the options that a reproduction needs */
    struct word_list allowed;  /**< hosts */
    struct word_list owned;    /**< texts made here, to be freed */
};

/** Options that nobody gave. */
void run_options_init(struct run_options *options);

/** A fresh seed unless one was given. */
void run_options_seed(struct run_options *options);

/** Makes scenarios run on that client, as --client does: LIBRARY[:{JSON}]. option names the option
 *  that said so, for messages. */
int run_options_choose(struct run_options *options, const char *option, const char *value,
                       struct failure *failure);

/* For the option tables of verbs whose context begins with a struct run_options. */
int run_take_seed(void *context, const char *value, struct failure *failure);
int run_take_set(void *context, const char *value, struct failure *failure);
int run_take_flavor(void *context, const char *value, struct failure *failure);
int run_take_reports(void *context, const char *value, struct failure *failure);
int run_take_name(void *context, const char *value, struct failure *failure);
int run_take_quiet(void *context, const char *value, struct failure *failure);
int run_take_keep(void *context, const char *value, struct failure *failure);
int run_take_no_interposition(void *context, const char *value, struct failure *failure);
int run_take_remote(void *context, const char *value, struct failure *failure);

/** Parses, with the meaning of options_parse. The options must be released afterwards, whatever it
 *  returned. */
int run_options_parse(struct run_options *options, int argc, char **argv, int *words,
                      struct failure *failure);

/** When a scenario that asks for that many trials ends. */
struct stop_rules run_options_rules(const struct run_options *options, uint32_t scenario_trials);

/** Frees what it holds. */
void run_options_release(struct run_options *options);

#endif
