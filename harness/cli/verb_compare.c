/* SPDX-License-Identifier: MIT
 *
 * eighth compare: from the command line to the exit code.
 */
#include "harness/cli/contest.h"

#include <stdlib.h>
#include <string.h>

/* The command line is read once for each side; reading moves its words about. */
static int parse_both(struct contest *contest, int argc, char **argv, int *words,
                      struct failure *failure)
{
    char **copy = calloc((size_t)argc + 1, sizeof *copy);
    if (copy == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    }
    memcpy(copy, argv, (size_t)argc * sizeof *copy);
    int parsed = compare_options_parse(&contest->sides[SIDE_BASELINE].options, SIDE_BASELINE, argc,
                                       copy, words, failure);
    free(copy);
    if (parsed != 0) {
        return parsed;
    }
    parsed = compare_options_parse(&contest->sides[SIDE_CANDIDATE].options, SIDE_CANDIDATE, argc,
                                   argv, words, failure);
    struct run_options *run = &contest->sides[SIDE_CANDIDATE].options.run;
    run_options_seed(run);
    contest->sides[SIDE_BASELINE].options.run.seed = run->seed;
    return parsed;
}

static int run_all(struct contest *contest)
{
    struct failure failure = FAILURE_INIT;
    const struct run_options *run = &contest->sides[SIDE_CANDIDATE].options.run;
    contest->name = run->name != NULL ? run->name : "compare";
    progress_init(&contest->progress, run->quiet);
    if ((contest->mode != COMPARE_RECORDED && layout_find(&contest->layout, &failure) != 0) ||
        report_folder_make(&contest->folder, run->reports, contest->name, run->seed, &failure) !=
            0) {
        return verb_fail("compare", &failure);
    }
    if (signals_open(&contest->signals, &failure) != 0) {
        report_folder_drop(&contest->folder);
        return verb_fail("compare", &failure);
    }
    int code = contest_run(contest) == 0 ? contest_finish(contest)
                                         : verb_fail("compare", &contest->trouble);
    report_folder_drop(&contest->folder); /* it stays unless it is empty */
    signals_close(&contest->signals);
    return code;
}

int verb_compare(const struct invocation *invocation, int argc, char **argv)
{
    struct failure failure = FAILURE_INIT;
    struct contest *contest = calloc(1, sizeof *contest);
    int words;
    int code;
    if (contest == NULL) {
        (void)failure_set(&failure, FAILURE_ENVIRONMENT, "no memory");
        return verb_fail("compare", &failure);
    }
    contest->invocation = invocation;
    int parsed = parse_both(contest, argc, argv, &words, &failure);
    if (parsed == 1) {
        code = verb_print_help(&help_compare);
    } else if (parsed != 0 || contest_load(contest, argv + 1, words, &failure) != 0) {
        code = verb_fail("compare", &failure);
    } else {
        code = run_all(contest);
    }
    contest_release(contest);
    free(contest);
    return code;
}
