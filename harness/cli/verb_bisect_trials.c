/* SPDX-License-Identifier: MIT
 *
 * eighth bisect-trials: how many trials a step of a bisection needs.
 */
#include "harness/cli/bisect.h"
#include "harness/cli/verbs.h"

#include <inttypes.h>
#include <stdio.h>

struct bisect_options {
    struct bisect_plan plan;
    bool quiet;
};

static int take_rate(void *context, const char *value, struct failure *failure)
{
    return bisect_share("rate", value, &((struct bisect_options *)context)->plan.rate, failure);
}

static int take_steps(void *context, const char *value, struct failure *failure)
{
    unsigned long long steps;
    if (options_number("steps", value, 1, 1000, &steps, failure) != 0) {
        return -1;
    }
    ((struct bisect_options *)context)->plan.steps = steps;
    return 0;
}

static int take_confidence(void *context, const char *value, struct failure *failure)
{
    return bisect_share("confidence", value, &((struct bisect_options *)context)->plan.confidence,
                        failure);
}

static int take_quiet(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct bisect_options *)context)->quiet = true;
    return 0;
}

static const struct option_entry entries[] = {
    {"rate", 0, "R", "share of trials that a bad revision fails: 0.2 or 20%", take_rate},
    {"steps", 0, "N", "of the bisection (default: 10, enough for 1000 revisions)", take_steps},
    {"confidence", 0, "C", "that no bad revision is called good in any step (default: 0.95)",
     take_confidence},
    {"quiet", 'q', NULL, "only the number", take_quiet},
};

const struct verb_help help_bisect_trials = {
    .verb = "bisect-trials",
    .usage = "--rate R [options]",
    .what = "Says how many trials a step of `git bisect run eighth run --bisect` needs, so that a\n"
            "crash that comes only sometimes does not send the search to the wrong side.\n"
            "`eighth run --bisect --rate R --steps N --confidence C` uses the same number.",
    .examples = "  eighth bisect-trials --rate 0.2 --steps 10",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

int verb_bisect_trials(const struct invocation *invocation, int argc, char **argv)
{
    (void)invocation;
    struct bisect_options options = {.plan = BISECT_PLAN_INIT};
    struct failure failure = FAILURE_INIT;
    uint64_t trials = 0;
    int words;
    int parsed = options_parse(&help_bisect_trials, argc, argv, &options, &words, &failure);
    if (parsed == 1) {
        return verb_print_help(&help_bisect_trials);
    }
    if (parsed == 0 && words > 0) {
        parsed =
            failure_set(&failure, FAILURE_USAGE, "what is \"%s\"? It takes options only", argv[1]);
    }
    if (parsed != 0 || bisect_trials(&options.plan, &trials, &failure) != 0) {
        return verb_fail("bisect-trials", &failure);
    }
    (void)printf("%" PRIu64 "\n", trials);
    if (!options.quiet) {
        (void)printf("trials at each step: a revision that fails %g %% of its trials passes one "
                     "of\n%" PRIu64 " steps by chance with at most %.3g %%\n",
                     100 * options.plan.rate, options.plan.steps,
                     100 * (1 - options.plan.confidence));
    }
    return verb_flush("bisect-trials");
}
