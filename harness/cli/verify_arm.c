/* SPDX-License-Identifier: MIT
 *
 * Runs one build as `eighth run` would, by a command line of its own.
 */
#include "harness/cli/verify_arm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void verify_arm_init(struct verify_arm *arm)
{
    memset(arm, 0, sizeof *arm);
}

static int add_word(struct verify_arm *arm, const char *word, struct failure *failure)
{
    size_t room = sizeof arm->words / sizeof arm->words[0];
    if ((size_t)arm->word_count + 1 >= room) {
        return failure_set(failure, FAILURE_USAGE, "too many options");
    }
    arm->words[arm->word_count] = strdup(word);
    if (arm->words[arm->word_count] == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    }
    arm->word_count++;
    return 0;
}

static int add_option(struct verify_arm *arm, const char *option, const char *value,
                      struct failure *failure)
{
    return add_word(arm, option, failure) != 0 ? -1 : add_word(arm, value, failure);
}

/* The options that are the same for both builds first: of two that are given the last one counts.
 */
static int add_words(struct verify_arm *arm, const struct verify_setup *setup,
                     const struct verify_order *order, struct failure *failure)
{
    const struct verify_words *shared = &setup->options->shared;
    char number[32];
    if (add_word(arm, "run", failure) != 0) {
        return -1;
    }
    for (int i = 0; i < shared->count; i++) {
        if (add_word(arm, shared->items[i], failure) != 0) {
            return -1;
        }
    }
    (void)snprintf(number, sizeof number, "%" PRIu64, order->seed);
    if (order->has_seed && add_option(arm, "--seed", number, failure) != 0) {
        return -1;
    }
    (void)snprintf(number, sizeof number, "%" PRIu64, order->trials);
    if (add_option(arm, "--client", order->client, failure) != 0 ||
        add_option(arm, "--trials", number, failure) != 0 ||
        (order->until_finding && add_word(arm, "--until-finding", failure) != 0) ||
        (order->timed && setup->options->time != NULL &&
         add_option(arm, "--time", setup->options->time, failure) != 0)) {
        return -1;
    }
    return add_option(arm, "--", setup->scenario, failure);
}

static int load(struct verify_arm *arm, const char *path, struct failure *failure)
{
    const struct word_list *sets = &arm->options.sets;
    if (scenario_load(&arm->scenarios, path, sets->items, sets->count, failure) != 0) {
        return -1;
    }
    return arm->scenarios.count == 1
               ? 0
               : failure_set(failure, FAILURE_USAGE,
                             "%s holds %zu scenarios or combinations: give one file, and choose a "
                             "combination with --set",
                             path, arm->scenarios.count);
}

/* Before anything runs: a name that is wrong would be found after all of the control's trials. */
static int find_files(const struct verify_arm *arm, const struct layout *layout,
                      struct failure *failure)
{
    char path[LAYOUT_PATH + 64];
    const char *flavor = arm->options.flavor->built;
    const char *library = arm->scenarios.items[0]->client.library;
    return layout_worker(layout, flavor, path, sizeof path, failure) != 0
               ? -1
               : layout_library(layout, flavor, library, path, sizeof path, failure);
}

int verify_arm_prepare(struct verify_arm *arm, const struct verify_setup *setup,
                       const struct verify_order *order, struct failure *failure)
{
    char *argv[sizeof arm->words / sizeof arm->words[0]]; /* parsing moves words about */
    int words;
    if (add_words(arm, setup, order, failure) != 0) {
        return -1;
    }
    memcpy(argv, arm->words, sizeof argv);
    if (run_options_parse(&arm->options, arm->word_count, argv, &words, failure) != 0 ||
        load(arm, setup->scenario, failure) != 0) {
        return -1;
    }
    arm->options.quiet = setup->options->quiet;
    progress_init(&arm->progress, arm->options.quiet);
    arm->runner = (struct runner){
        .options = &arm->options,
        .command = (const char *const *)setup->invocation->argv,
        .program = setup->invocation->program,
        .scenarios = &arm->scenarios,
        .flavors = {arm->options.flavor},
        .flavor_count = 1,
        .layout = setup->layout,
        .signals = setup->signals,
        .progress = &arm->progress,
        .name = order->role,
    };
    return find_files(arm, setup->layout, failure);
}

int verify_arm_run(struct verify_arm *arm, const struct verify_setup *setup,
                   const struct verify_order *order, const struct report_folder *folder,
                   struct failure *failure)
{
    struct runner *runner = &arm->runner;
    if (report_folder_make(&runner->folder, folder->path, order->role, arm->options.seed,
                           failure) != 0) {
        return -1;
    }
    bool partial = runner_run(runner) != 0 || setup->signals->stop != 0;
    if (runner->trouble.kind != FAILURE_NONE) {
        *failure = runner->trouble;
    }
    struct failure unwritten = FAILURE_INIT;
    if (runner_write(runner, partial, &unwritten) != 0 && failure->kind == FAILURE_NONE) {
        *failure = unwritten;
    }
    return failure->kind == FAILURE_NONE ? 0 : -1;
}

const struct scenario_result *verify_arm_result(const struct verify_arm *arm)
{
    return arm->runner.result_count > 0 ? arm->runner.results[0] : NULL;
}

void verify_arm_release(struct verify_arm *arm)
{
    runner_release(&arm->runner);
    scenario_list_clear(&arm->scenarios);
    run_options_release(&arm->options);
    for (int i = 0; i < arm->word_count; i++) {
        free(arm->words[i]);
    }
    verify_arm_init(arm);
}
