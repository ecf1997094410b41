/* SPDX-License-Identifier: MIT
 *
 * The options of run: those that change a scenario all become overrides, so that there is one way
 * in which a scenario is changed.
 */
#include "harness/cli/run_options.h"

#include "harness/cli/baseline.h"
#include "harness/cli/client_choice.h"
#include "harness/cli/verbs.h"
#include "harness/scenario/suggest.h"
#include "harness/scenario/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Seeds stand as numbers in JSON, which keep 53 bits. */
#define LARGEST_SEED ((UINT64_C(1) << 53) - 1)
/* Each has a target and a worker with threads of their own. */
#define MOST_JOBS 64

static int no_memory(struct failure *failure)
{
    return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
}

static int add_word(struct word_list *list, const char *word, struct failure *failure)
{
    const char **more = realloc(list->items, (list->count + 1) * sizeof *more);
    if (more == NULL) {
        return no_memory(failure);
    }
    list->items = more;
    more[list->count++] = word;
    return 0;
}

static int add_repeat(struct run_options *options, const char *option, const char *value,
                      struct failure *failure)
{
    return add_word(&options->repeat, option, failure) != 0
               ? -1
               : add_word(&options->repeat, value, failure);
}

/* Adds an override that was made for the options, which own it from now on. NULL: no memory. */
static int add_override(struct run_options *options, char *text, struct failure *failure)
{
    if (text == NULL) {
        return no_memory(failure);
    }
    if (add_word(&options->owned, text, failure) != 0) {
        free(text);
        return -1;
    }
    return add_word(&options->sets, text, failure);
}

/* ---- options that other verbs take too ---- */

int run_take_seed(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    unsigned long long seed;
    if (options_number("seed", value, 0, LARGEST_SEED, &seed, failure) != 0) {
        return -1;
    }
    options->seed = seed;
    options->seed_given = true;
    return 0;
}

static int take_trials(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    unsigned long long trials;
    if (options_number("trials", value, 1, STOP_MOST_TRIALS, &trials, failure) != 0) {
        return -1;
    }
    options->trials = trials;
    return add_override(options, client_choice_override("trials", value, true), failure);
}

static int take_until_finding(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct run_options *)context)->until_finding = true;
    return 0;
}

static int take_time(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    if (units_duration(value, &options->time_ns) != 0 || options->time_ns == 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "--time %s: expected a time with its unit, such as 90s, 10m or 1.5h",
                           value);
    }
    return 0;
}

static int take_jobs(void *context, const char *value, struct failure *failure)
{
    unsigned long long jobs;
    if (options_number("jobs", value, 1, MOST_JOBS, &jobs, failure) != 0) {
        return -1;
    }
    ((struct run_options *)context)->jobs = (unsigned)jobs;
    return 0;
}

int run_take_set(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    if (strchr(value, '=') == NULL || value[0] == '=') {
        return failure_set(failure, FAILURE_USAGE,
                           "--set %s: expected KEY=VALUE, such as --set load.clients=20", value);
    }
    return add_word(&options->sets, value, failure) != 0
               ? -1
               : add_repeat(options, "--set", value, failure);
}

int run_take_flavor(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    struct suggestion suggestion;
    options->flavor = flavor_named(value);
    if (options->flavor != NULL || strcmp(value, "all") == 0) {
        return 0;
    }
    suggest_begin(&suggestion, value);
    suggest_offer(&suggestion, "all");
    for (size_t i = 0; i < FLAVORS; i++) {
        suggest_offer(&suggestion, flavors[i].name);
    }
    return failure_set(
        failure, FAILURE_USAGE, "--flavor %s: expected plain, poison, asan, tsan or all%s%s%s",
        value, suggestion.best != NULL ? "; did you mean " : "",
        suggestion.best != NULL ? suggestion.best : "", suggestion.best != NULL ? "?" : "");
}

int run_options_choose(struct run_options *options, const char *option, const char *value,
                       struct failure *failure)
{
    struct client_choice choice;
    int result = client_choice_parse(&choice, option, value, failure);
    if (result == 0) {
        result = add_override(options, choice.library, failure);
        choice.library = NULL;
    }
    if (result == 0 && choice.options != NULL) {
        result = add_override(options, choice.options, failure);
        choice.options = NULL;
    }
    client_choice_release(&choice);
    return result != 0 ? -1 : add_repeat(options, "--client", value, failure);
}

static int take_client(void *context, const char *value, struct failure *failure)
{
    return run_options_choose(context, "client", value, failure);
}

int run_take_reports(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct run_options *)context)->reports = value;
    return 0;
}

int run_take_name(void *context, const char *value, struct failure *failure)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";
    if (value[0] == '\0' || value[0] == '.' || value[strspn(value, allowed)] != '\0' ||
        strlen(value) > 100) {
        return failure_set(failure, FAILURE_USAGE,
                           "--name %s: expected at most 100 letters, digits, '-', '_' and '.'",
                           value);
    }
    ((struct run_options *)context)->name = value;
    return 0;
}

int run_take_quiet(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct run_options *)context)->quiet = true;
    return 0;
}

int run_take_keep(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct run_options *)context)->keep = true;
    return 0;
}

int run_take_no_interposition(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    (void)value;
    return add_override(options, client_choice_override("client.interposition", "false", true),
                        failure) != 0
               ? -1
               : add_word(&options->repeat, "--no-interposition", failure);
}

int run_take_remote(void *context, const char *value, struct failure *failure)
{
    struct run_options *options = context;
    return add_word(&options->allowed, value, failure) != 0
               ? -1
               : add_repeat(options, "--allow-remote", value, failure);
}

static int take_bisect(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct run_options *)context)->bisect = true;
    return 0;
}

static int take_rate(void *context, const char *value, struct failure *failure)
{
    return bisect_share("rate", value, &((struct run_options *)context)->bisect_plan.rate, failure);
}

static int take_steps(void *context, const char *value, struct failure *failure)
{
    unsigned long long steps;
    if (options_number("steps", value, 1, 1000, &steps, failure) != 0) {
        return -1;
    }
    ((struct run_options *)context)->bisect_plan.steps = steps;
    return 0;
}

static int take_confidence(void *context, const char *value, struct failure *failure)
{
    return bisect_share("confidence", value,
                        &((struct run_options *)context)->bisect_plan.confidence, failure);
}

static int take_baseline(void *context, const char *value, struct failure *failure)
{
    ((struct run_options *)context)->save_baseline = value;
    return baseline_check_name("save-baseline", value, failure);
}

static const struct option_entry entries[] = {
    {"seed", 0, "N", "all choices derive from it (default: a new one, told in the report)",
     run_take_seed},
    {"trials", 0, "N", "how often each scenario runs, each time in a fresh process", take_trials},
    {"until-finding", 0, NULL, "no new trial of a scenario once one had a finding",
     take_until_finding},
    {"time", 0, "T", "no new trial of a scenario after this time: 90s, 10m, 1.5h", take_time},
    {"jobs", 'j', "N",
     "trials at once, each with a worker and a target of its own\n"
     "(default: 1); they disturb each other's timing",
     take_jobs},
    {"set", 0, "KEY=VALUE",
     "override a key of all scenarios by its dotted path; the value is\n"
     "JSON or plain text; may be repeated",
     run_take_set},
    {"client", 0, "LIBRARY[:{JSON}]",
     "the client to test: a name (see `eighth list clients`) or a path\n"
     "to a .so, with options for it",
     take_client},
    {"no-interposition", 0, NULL,
     "the client's calls of libc do not go through eighth; the report\n"
     "says which checks that turns off",
     run_take_no_interposition},
    {"flavor", 0, "NAME",
     "worker and client as plain, asan or tsan; poison: plain, with\n"
     "memory that malloc overwrites; all: one after the other\n"
     "(default: plain)",
     run_take_flavor},
    {"reports", 0, "DIR", "where the report's folder is made (default: reports)", run_take_reports},
    {"name", 0, "NAME", "of the run, in the report and its folder", run_take_name},
    {"quiet", 'q', NULL, "no progress line; of the results only the report's path", run_take_quiet},
    {"keep", 0, NULL, "keep raw evidence of every trial, not only of failing ones", run_take_keep},
    {"save-baseline", 0, "NAME", "keep the report as REPORTS/baselines/NAME.json, for compare",
     take_baseline},
    {"bisect", 0, NULL,
     "for git bisect run: end with the first finding; exit code 0\n"
     "good, 1 bad, 125 cannot tell, 130 usage or interrupted",
     take_bisect},
    {"rate", 0, "R", "with --bisect: share of trials that a bad revision fails", take_rate},
    {"steps", 0, "N", "with --bisect: of the bisection (default: 10)", take_steps},
    {"confidence", 0, "C",
     "with --bisect: that no step calls a bad revision good\n"
     "(default: 0.95)",
     take_confidence},
    {"allow-remote", 0, "HOST", "let scenarios send load to this host", run_take_remote},
};

const struct verb_help help_run = {
    .verb = "run",
    .usage = "PATH... [options]",
    .what = "Runs scenarios: files, or folders with all that is in them. Each trial is one fresh\n"
            "process that holds the client; what it does wrong becomes a finding of the report.\n"
            "\n"
            "Prints a table and the findings; the last line is the path of report.json.\n"
            "\n"
            "When a scenario ends: after the trials that its file or --trials says. With\n"
            "--until-finding it ends with the first finding, with --time when the time is over,\n"
            "without --trials whatever the file says; given together, whichever comes first. A\n"
            "trial that runs is never cut short, and one always runs. The report says which\n"
            "rule it was. In asan a trial may be repeated after that for whole stacks of its\n"
            "error: at most three times, which count nowhere.\n"
            "\n"
            "exit codes:\n"
            "  0  pass: no finding, all thresholds kept\n"
            "  1  findings, or a threshold broken\n"
            "  2  usage: an option, a scenario or a client that does not fit\n"
            "  3  inconclusive: the machine got in the way (ports, descriptors, disk, the target\n"
            "     died), or the run was interrupted; the report says what",
    .examples =
        "  eighth run scenarios/hundred-clients.json\n"
        "  eighth run scenarios/churn.json --flavor asan --trials 20 --seed 7\n"
        "  eighth run scenarios --client ./mine.so:'{\"cache\":true}'\n"
        "  eighth run scenarios/close-while-reading.json --flavor all --until-finding --time 10m\n"
        "  git bisect run eighth run s.json --client ./mine.so --bisect --rate 0.2\n"
        "  eighth run scenarios/soak.json --set load.duration=10m --set deadline=11m",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

static uint64_t fresh_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_nsec * 2654435761U + (uint64_t)now.tv_sec;
    }
    return seed % UINT64_C(1000000000); /* short enough to be typed again */
}

void run_options_seed(struct run_options *options)
{
    if (!options->seed_given) {
        options->seed = fresh_seed();
    }
}

void run_options_init(struct run_options *options)
{
    memset(options, 0, sizeof *options);
    options->flavor = &flavors[0];
    options->jobs = 1;
    options->reports = "reports";
    options->bisect_plan = (struct bisect_plan)BISECT_PLAN_INIT;
}

/* Without --trials as many as the plan says. */
static int plan_bisect(struct run_options *options, struct failure *failure)
{
    char number[24];
    uint64_t trials;
    options->until_finding = true;
    if (options->trials > 0) {
        return 0;
    }
    if (bisect_trials(&options->bisect_plan, &trials, failure) != 0) {
        return -1;
    }
    options->trials = trials;
    (void)snprintf(number, sizeof number, "%" PRIu64, trials);
    return add_override(options, client_choice_override("trials", number, true), failure);
}

int run_options_parse(struct run_options *options, int argc, char **argv, int *words,
                      struct failure *failure)
{
    run_options_init(options);
    int result = options_parse(&help_run, argc, argv, options, words, failure);
    if (result == 0 && options->bisect) {
        result = plan_bisect(options, failure);
    }
    run_options_seed(options);
    return result;
}

struct stop_rules run_options_rules(const struct run_options *options, uint32_t scenario_trials)
{
    bool open_ended = options->until_finding || options->time_ns != 0;
    return (struct stop_rules){
        .trials = options->trials == 0 && open_ended ? 0 : scenario_trials,
        .until_finding = options->until_finding,
        .time_ns = options->time_ns,
    };
}

void run_options_release(struct run_options *options)
{
    for (size_t i = 0; i < options->owned.count; i++) {
        free((char *)(uintptr_t)options->owned.items[i]);
    }
    free(options->owned.items);
    free(options->sets.items);
    free(options->repeat.items);
    free(options->allowed.items);
    memset(options, 0, sizeof *options);
}
