/* SPDX-License-Identifier: MIT
 *
 * The options of verify-fix: its own, and those that it hands to run.
 */
#include "harness/cli/verify_options.h"

#include "harness/cli/client_choice.h"
#include "harness/cli/stop_rule.h"
#include "harness/cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL 20U
#define MOST 1000U

static int pass_on(void *context, const char *option, const char *value, struct failure *failure)
{
    struct verify_words *words = &((struct verify_options *)context)->shared;
    if (words->count + 2 > VERIFY_MOST_WORDS) {
        return failure_set(failure, FAILURE_USAGE, "too many options");
    }
    words->items[words->count++] = option;
    if (value != NULL) {
        words->items[words->count++] = value;
    }
    return 0;
}

/* Here the message can say which of the two it is. */
static int take_client(const char **into, const char *option, const char *value,
                       struct failure *failure)
{
    struct client_choice choice;
    int result = client_choice_parse(&choice, option, value, failure);
    client_choice_release(&choice);
    *into = value;
    return result;
}

static int take_before(void *context, const char *value, struct failure *failure)
{
    return take_client(&((struct verify_options *)context)->before, "before", value, failure);
}

static int take_after(void *context, const char *value, struct failure *failure)
{
    return take_client(&((struct verify_options *)context)->after, "after", value, failure);
}

static int take_confidence(void *context, const char *value, struct failure *failure)
{
    char *end;
    double percent = strtod(value, &end);
    if (end == value || strcmp(end, "%") != 0 || !(percent >= 50 && percent < 100)) {
        return failure_set(failure, FAILURE_USAGE,
                           "--confidence %s: expected a percentage from 50%% to less than 100%%, "
                           "such as 99%% or 99.9%%",
                           value);
    }
    ((struct verify_options *)context)->confidence = percent / 100;
    return 0;
}

static int take_number(uint64_t *into, const char *option, const char *value,
                       struct failure *failure)
{
    unsigned long long number;
    if (options_number(option, value, 1, STOP_MOST_TRIALS, &number, failure) != 0) {
        return -1;
    }
    *into = number;
    return 0;
}

static int take_control(void *context, const char *value, struct failure *failure)
{
    return take_number(&((struct verify_options *)context)->control, "control", value, failure);
}

static int take_trials(void *context, const char *value, struct failure *failure)
{
    return take_number(&((struct verify_options *)context)->most, "trials", value, failure);
}

static int take_time(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct verify_options *)context)->time = value;
    return 0;
}

static int take_flavor(void *context, const char *value, struct failure *failure)
{
    if (strcmp(value, "all") == 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "--flavor all: one flavor at a time, the one that shows the bug most "
                           "often is best");
    }
    return pass_on(context, "--flavor", value, failure);
}

static int take_seed(void *context, const char *value, struct failure *failure)
{
    return pass_on(context, "--seed", value, failure);
}

static int take_jobs(void *context, const char *value, struct failure *failure)
{
    return pass_on(context, "--jobs", value, failure);
}

static int take_set(void *context, const char *value, struct failure *failure)
{
    return pass_on(context, "--set", value, failure);
}

static int take_remote(void *context, const char *value, struct failure *failure)
{
    return pass_on(context, "--allow-remote", value, failure);
}

static int take_keep(void *context, const char *value, struct failure *failure)
{
    return pass_on(context, "--keep", value, failure);
}

static int take_no_interposition(void *context, const char *value, struct failure *failure)
{
    return pass_on(context, "--no-interposition", value, failure);
}

static int take_finding(void *context, const char *value, struct failure *failure)
{
    struct verify_words *words = &((struct verify_options *)context)->findings;
    if (words->count >= VERIFY_MOST_WORDS) {
        return failure_set(failure, FAILURE_USAGE, "too many options");
    }
    words->items[words->count++] = value;
    return 0;
}

static int take_reports(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct verify_options *)context)->reports = value;
    return 0;
}

static int take_name(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct verify_options *)context)->name = value;
    return 0;
}

static int take_quiet(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct verify_options *)context)->quiet = true;
    return 0;
}

static const struct option_entry entries[] = {
    {"before", 0, "LIBRARY[:{JSON}]",
     "the build with the bug: a name (see `eighth list clients`) or a\n"
     "path to a .so, with options for it",
     take_before},
    {"after", 0, "LIBRARY[:{JSON}]", "the build with the fix", take_after},
    {"finding", 0, "PATTERN",
     "judge only this bug: the key of a signature, or a glob of it or of\n"
     "\"KIND: TITLE\"; all that match are one bug ('*': all are one). May be\n"
     "repeated; what no pattern matches is told, but not judged",
     take_finding},
    {"confidence", 0, "P%", "how sure the answer has to be (default: 99%)", take_confidence},
    {"control", 0, "N", "trials of the old build, to measure its rate (default: 20)", take_control},
    {"trials", 0, "N", "trials of the fixed build, at most (default: 1000)", take_trials},
    {"time", 0, "T", "no new trial of the fixed build after this time: 90s, 10m", take_time},
    {"flavor", 0, "NAME", "plain, poison, asan or tsan (default: plain)", take_flavor},
    {"seed", 0, "N", "all choices of both builds derive from it (default: a new one)", take_seed},
    {"jobs", 'j', "N", "trials at once (default: 1)", take_jobs},
    {"set", 0, "KEY=VALUE", "override a key of the scenario, for both builds", take_set},
    {"no-interposition", 0, NULL,
     "for both builds the client's calls of libc do not go through eighth", take_no_interposition},
    {"allow-remote", 0, "HOST", "let the scenario send load to this host", take_remote},
    {"reports", 0, "DIR", "where the folder is made (default: reports)", take_reports},
    {"name", 0, "NAME", "of the folder (default: verify-fix)", take_name},
    {"keep", 0, NULL, "keep raw evidence of every trial", take_keep},
    {"quiet", 'q', NULL, "nothing but the path of the result", take_quiet},
};

const struct verb_help help_verify_fix = {
    .verb = "verify-fix",
    .usage = "--before LIBRARY[:{JSON}] --after LIBRARY[:{JSON}] SCENARIO [options]",
    .what = "Proves that a fix fixes. First the old build runs (the positive control): how often\n"
            "does it fail? That gives the number of clean trials after which a build that fails\n"
            "as rarely as the lower bound of that rate (exact, 95 %) would have been caught with\n"
            "99 %. Then the fixed build runs so many trials of the same scenario: the same load,\n"
            "the same flavor, the same seeds. It ends with the first that has a finding.\n"
            "\n"
            "Each signature that the old build showed is a bug of its own, and the rarest one\n"
            "decides how many clean trials it takes. If many signatures have one cause, as with\n"
            "a corrupted heap, say so with --finding.\n"
            "\n"
            "Any finding counts, also those that the scenario expects. Options given with a\n"
            "library replace those of the scenario; without, they stay (LIBRARY:{} for none).\n"
            "\n"
            "Prints the verdict; the last line is the path of verify-fix.json. The folder also\n"
            "holds a whole report of each build, for `eighth show`.\n"
            "\n"
            "exit codes:\n"
            "  0  fixed\n"
            "  1  not fixed: the fixed build fails, as the old one did or in a new way\n"
            "  2  usage: an option, a scenario or a client that does not fit\n"
            "  3  inconclusive, N more trials: too few for the confidence, or the old build did\n"
            "     not fail; or the machine got in the way",
    .examples = "  eighth verify-fix --before ./old.so --after ./new.so scenarios/churn.json\n"
                "  eighth verify-fix --before lab --after 'lab:{\"cache\": \"instance\"}' \\\n"
                "      scenarios/lab/tls-cache-global.json --flavor asan",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

int verify_options_parse(struct verify_options *options, int argc, char **argv, int *words,
                         struct failure *failure)
{
    *options = (struct verify_options){
        .confidence = 0.99,
        .control = CONTROL,
        .most = MOST,
        .reports = "reports",
        .name = "verify-fix",
    };
    int result = options_parse(&help_verify_fix, argc, argv, options, words, failure);
    if (result != 0) {
        return result;
    }
    if (options->before == NULL || options->after == NULL) {
        return failure_set(failure, FAILURE_USAGE,
                           "which build? Give the old one with --%s and the %s with --%s",
                           options->before == NULL ? "before" : "after",
                           options->before == NULL ? "fixed one" : "old one",
                           options->before == NULL ? "after" : "before");
    }
    if (*words != 1) {
        return failure_set(failure, FAILURE_USAGE,
                           "one scenario, please: eighth verify-fix --before ./old.so --after "
                           "./new.so scenarios/churn.json");
    }
    return 0;
}
