/* SPDX-License-Identifier: MIT
 *
 * Decides which trials are repeated with slow unwinding, and how often.
 */
#include "harness/cli/repetition.h"

#include "harness/base/clock.h"
#include "harness/judge/whole_stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_FINDINGS 3U /* of a scene */
#define MOST_TIMES 3U    /* that one's trial is repeated */
/* None begins later than this after the first, or, with --time, than this share of it. */
#define MOST_TIME (30 * NS_PER_S)
#define SHARE_OF_TIME 10

#define VARIABLE "ASAN_OPTIONS="
#define UNWINDING "fast_unwind_on_malloc="

/* The worker's environment, with slow unwinding behind what the user told ASan. */
struct slow {
    const char **environment; /* NULL: none, repeat nothing */
    char *options;
};

static void slow_release(struct slow *slow)
{
    free(slow->environment);
    free(slow->options);
}

/* None where the user decided how stacks are unwound. */
static void slow_init(struct slow *slow, const struct scene *scene)
{
    const char *const *own =
        (const char *const *)(scene->environment != NULL ? scene->environment : environ);
    const char *before = "";
    size_t used = 0;
    size_t count = 0;
    while (own[count] != NULL) {
        count++;
    }
    memset(slow, 0, sizeof *slow);
    const char **environment = calloc(count + 2, sizeof *environment);
    for (size_t i = 0; environment != NULL && i < count; i++) {
        if (strncmp(own[i], VARIABLE, strlen(VARIABLE)) == 0) {
            before = own[i] + strlen(VARIABLE);
        } else {
            environment[used++] = own[i];
        }
    }
    slow->environment = environment;
    if (environment == NULL || strstr(before, UNWINDING) != NULL ||
        asprintf(&slow->options, VARIABLE "malloc_context_size=%u:%s%s" UNWINDING "0", STACK_FRAMES,
                 before, before[0] != '\0' ? ":" : "") < 0) {
        free(environment);
        memset(slow, 0, sizeof *slow);
        return;
    }
    environment[used] = slow->options;
}

/* The trial goes as it went, into a result that is forgotten. */
static void repeat(struct slot *slot, const struct scene *scene, uint32_t trial,
                   struct scenario_result *passing)
{
    struct scene copy = *scene;
    result_init(passing, scene->scenario, scene->flavor->name);
    copy.result = passing;
    slot->scene = &copy;
    slot_run(slot, trial);
    if (slot->failure.kind == FAILURE_NONE) {
        (void)trial_judge_end(&slot->judge, &slot->record, passing);
    }
    trial_judge_release(&slot->judge);
    trial_release(&slot->record);
    slot->scene = NULL;
}

/* Whichever of the findings came back. */
static void take(struct scenario_result *result, const struct scenario_result *passing)
{
    for (size_t i = 0; i < result->findings.count; i++) {
        for (size_t j = 0; j < passing->findings.count; j++) {
            if (whole_stacks_take(result->findings.items[i], passing->findings.items[j])) {
                break;
            }
        }
    }
}

static bool may_go_on(const struct runner *runner, const struct scene *scene, uint64_t begun)
{
    uint64_t time = scene->rules.time_ns / SHARE_OF_TIME;
    uint64_t most = time != 0 && time < MOST_TIME ? time : MOST_TIME;
    return runner->signals->stop == 0 && !scene->stopped && clock_now() - begun < most;
}

static void repeat_all(struct runner *runner, struct scene *scene, const struct slow *slow,
                       struct scenario_result *passing)
{
    struct finding_list *findings = &scene->result->findings;
    uint64_t begun = clock_now();
    unsigned repeated = 0;
    struct slot slot;
    slot_init(&slot, scene, runner->signals);
    slot.environment = slow->environment;
    for (size_t i = 0; i < findings->count && repeated < MOST_FINDINGS; i++) {
        struct finding *finding = findings->items[i];
        repeated += whole_stacks_wanted(finding);
        for (unsigned n = 0;
             n < MOST_TIMES && whole_stacks_wanted(finding) && may_go_on(runner, scene, begun);
             n++) {
            repeat(&slot, scene, finding->first_trial, passing);
            take(scene->result, passing);
            result_release(passing);
        }
    }
    slot_release(&slot);
}

void repetition_run(struct runner *runner, struct scene *scene)
{
    struct scenario_result *result = scene->result;
    bool wanted = false;
    for (size_t i = 0; i < result->findings.count; i++) {
        wanted = wanted || whole_stacks_wanted(result->findings.items[i]);
    }
    if (!wanted || result->interrupted || scene->stopped || runner->options->bisect ||
        scene->scenario->client.exec != NULL) {
        return;
    }
    struct scenario_result *passing = malloc(sizeof *passing);
    struct slow slow;
    slow_init(&slow, scene);
    if (passing != NULL && slow.environment != NULL) {
        runner_keep(runner, scene);
        repeat_all(runner, scene, &slow, passing);
    }
    slow_release(&slow);
    free(passing);
}
