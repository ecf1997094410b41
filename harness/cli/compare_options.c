/* SPDX-License-Identifier: MIT
 *
 * The options of compare.
 */
#include "harness/cli/compare_options.h"

#include "harness/cli/baseline.h"
#include "harness/cli/verbs.h"
#include "harness/judge/result.h"
#include "harness/scenario/suggest.h"
#include "harness/scenario/units.h"
#include "harness/watch/callgrind.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int choose(struct compare_options *options, enum compare_whose side, const char *option,
                  const char *value, struct failure *failure)
{
    options->given[side] = true;
    return options->whose == side ? run_options_choose(&options->run, option, value, failure) : 0;
}

static int take_baseline(void *context, const char *value, struct failure *failure)
{
    return choose(context, SIDE_BASELINE, "baseline", value, failure);
}

static int take_candidate(void *context, const char *value, struct failure *failure)
{
    return choose(context, SIDE_CANDIDATE, "candidate", value, failure);
}

static int take_trials(void *context, const char *value, struct failure *failure)
{
    unsigned long long trials;
    if (options_number("trials", value, 1, RESULT_FIGURES, &trials, failure) != 0) {
        return -1;
    }
    ((struct compare_options *)context)->trials = trials;
    return 0;
}

static int take_max_time(void *context, const char *value, struct failure *failure)
{
    struct compare_options *options = context;
    if (units_duration(value, &options->max_time_ns) != 0 || options->max_time_ns == 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "--max-time %s: expected a time with its unit, such as 60s or 10m",
                           value);
    }
    return 0;
}

static int take_sequential(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct compare_options *)context)->sequential = true;
    return 0;
}

static int take_same_too(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct compare_options *)context)->same_too = true;
    return 0;
}

static int take_callgrind(void *context, const char *value, struct failure *failure)
{
    struct compare_options *options = context;
    (void)value;
    return callgrind_find(options->valgrind, sizeof options->valgrind)
               ? 0
               : failure_set(failure, FAILURE_USAGE,
                             "--callgrind: there is no valgrind in PATH (on Debian: apt-get "
                             "install valgrind)");
}

static int take_save(void *context, const char *value, struct failure *failure)
{
    ((struct compare_options *)context)->save_baseline = value;
    return baseline_check_name("save-baseline", value, failure);
}

static int take_report(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct compare_options *)context)->baseline_report = value;
    return 0;
}

static int unknown_metric(const char *option, const char *word, bool groups,
                          struct failure *failure)
{
    struct suggestion suggestion;
    suggest_begin(&suggestion, word);
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        suggest_offer(&suggestion, compare_metrics[i].name);
    }
    for (size_t i = 0; groups && i < 3; i++) {
        static const char *const names[] = {"crashes", "leaks", "performance"};
        suggest_offer(&suggestion, names[i]);
    }
    return failure_set(
        failure, FAILURE_USAGE,
        "--%s: there is no metric \"%s\"%s%s%s (`eighth list comparisons` lists all)", option, word,
        suggestion.best != NULL ? "; did you mean " : "",
        suggestion.best != NULL ? suggestion.best : "", suggestion.best != NULL ? "?" : "");
}

/* METRIC=5%; for a difference METRIC=32, in its unit. */
static int take_margin(void *context, const char *value, struct failure *failure)
{
    struct compare_options *options = context;
    char name[64] = "";
    char *end = NULL;
    const char *equals = strchr(value, '=');
    size_t length = equals != NULL ? (size_t)(equals - value) : 0;
    memcpy(name, value, length < sizeof name ? length : 0);
    size_t metric = compare_metric_named(name);
    if (equals != NULL && metric == COMPARE_METRICS) {
        return unknown_metric("margin", name, false, failure);
    }
    bool ratio = metric < COMPARE_METRICS && compare_metrics[metric].measure == COMPARE_RATIO;
    double margin = equals != NULL ? strtod(equals + 1, &end) : NAN;
    bool well = equals != NULL && end != equals + 1 && isfinite(margin) &&
                (size_t)(end - equals - 1) == strspn(equals + 1, "0123456789.") &&
                strcmp(end, ratio ? "%" : "") == 0;
    if (!well) {
        return failure_set(failure, FAILURE_USAGE,
                           "--margin %s: expected METRIC=PERCENT%%, such as tls.p50=5%%, or "
                           "heap.per_cycle=BYTES, such as heap.per_cycle=32",
                           value);
    }
    options->settings.margins[metric] = ratio ? margin / 100 : margin;
    return 0;
}

static int open_gate(struct compare_gate *gate, const char *word, struct failure *failure)
{
    size_t heap = compare_metric_named("heap.per_cycle");
    size_t metric = compare_metric_named(word);
    if (strcmp(word, "crashes") == 0) {
        gate->crashes = true;
    } else if (strcmp(word, "leaks") == 0) {
        gate->leaks = gate->metrics[heap] = true;
    } else if (strcmp(word, "performance") == 0) {
        for (size_t i = 0; i < COMPARE_METRICS; i++) {
            gate->metrics[i] = gate->metrics[i] || i != heap;
        }
    } else if (metric < COMPARE_METRICS) {
        gate->metrics[metric] = gate->named[metric] = true;
    } else {
        return unknown_metric("fail-on", word, true, failure);
    }
    return 0;
}

static int take_fail_on(void *context, const char *value, struct failure *failure)
{
    struct compare_options *options = context;
    char *copy = strdup(value);
    char *rest = copy;
    int result = copy != NULL ? 0 : failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    memset(&options->settings.gate, 0, sizeof options->settings.gate);
    options->fail_on = value;
    for (char *word = strsep(&rest, ","); word != NULL && result == 0; word = strsep(&rest, ",")) {
        result = open_gate(&options->settings.gate, word, failure);
    }
    free(copy);
    return result;
}

static const struct option_entry entries[] = {
    {"baseline", 0, "LIBRARY[:{JSON}]",
     "the build that is known: a name or a path to a .so, with\n"
     "options for it",
     take_baseline},
    {"candidate", 0, "LIBRARY[:{JSON}]", "the build that is judged", take_candidate},
    {"baseline-report", 0, "NAME",
     "instead of --baseline: what --save-baseline kept under this\n"
     "name, or a path to a report",
     take_report},
    {"save-baseline", 0, "NAME",
     "keep the candidate's report as REPORTS/baselines/NAME.json\n"
     "unless it is a regression",
     take_save},
    {"trials", 0, "N",
     "of each scenario on each side (default: 100; with a recorded\n"
     "baseline 25)",
     take_trials},
    {"max-time", 0, "T",
     "no new trial after this time, for all scenarios together\n"
     "(default: 60s for each scenario, 4m with --callgrind)",
     take_max_time},
    {"sequential", 0, NULL,
     "for soaks: look after each pair of trials and end as soon as\n"
     "it is decided whether the candidate fails three times as often",
     take_sequential},
    {"margin", 0, "METRIC=N%",
     "a change up to this is none; may be repeated (see `eighth list\n"
     "comparisons`)",
     take_margin},
    {"fail-on", 0, "WHAT,...",
     "what may fail the comparison: crashes, leaks, performance, or\n"
     "metrics by name (default: crashes,leaks,performance)",
     take_fail_on},
    {"same-build-too", 0, NULL, "compare performance also when both sides are one build",
     take_same_too},
    {"callgrind", 0, NULL,
     "where the processor counts no instructions, count them with valgrind's\n"
     "callgrind, in scenarios of one thread: about a minute more for each",
     take_callgrind},
    {"seed", 0, "N", "all choices derive from it (default: a new one, told in the report)",
     run_take_seed},
    {"set", 0, "KEY=VALUE", "override a key of all scenarios, on both sides; may be repeated",
     run_take_set},
    {"no-interposition", 0, NULL,
     "on both sides the client's calls of libc do not go through eighth",
     run_take_no_interposition},
    {"flavor", 0, "NAME", "worker and clients as plain, poison, asan or tsan (default: plain)",
     run_take_flavor},
    {"reports", 0, "DIR", "where the comparison's folder is made (default: reports)",
     run_take_reports},
    {"name", 0, "NAME", "of the comparison's folder (default: compare)", run_take_name},
    {"quiet", 'q', NULL, "no progress line; of the results only the path of compare.json",
     run_take_quiet},
    {"keep", 0, NULL, "keep raw evidence of every trial, not only of failing ones", run_take_keep},
    {"allow-remote", 0, "HOST", "let scenarios send load to this host", run_take_remote},
};

const struct verb_help help_compare = {
    .verb = "compare",
    .usage = "--baseline LIBRARY --candidate LIBRARY PATH... [options]\n"
             "       eighth compare BASELINE/report.json CANDIDATE/report.json [options]",
    .what =
        "Says whether the candidate is worse than the baseline: crashes and other findings, "
        "leaks,\n"
        "CPU, latency, memory. Both run the same scenarios with the same seeds in turns, each "
        "trial\n"
        "in a fresh process, so that whatever the machine does meets both. Two reports are "
        "compared\n"
        "as they are; what that cannot know stands in the notes.\n"
        "\n"
        "A metric is a regression when the whole interval of the ratio candidate/baseline lies\n"
        "above its margin, fit when the whole of it lies below, else inconclusive. After ten "
        "pairs\n"
        "without a decision ten more follow. A finding that the baseline never shows, and that "
        "the\n"
        "trials alone do not prove, is replayed on both sides.\n"
        "\n"
        "Prints a table; the last line is the path of compare.json. Beside it: junit.xml,\n"
        "summary.md, compare.sarif, and the reports of both sides. With GITHUB_ACTIONS in the\n"
        "environment it also prints annotations.\n"
        "\n"
        "exit codes:\n"
        "  0  pass: not worse, as far as this could see; the table says how far\n"
        "  1  regression\n"
        "  2  usage: an option, a scenario, a report or a client that does not fit\n"
        "  3  inconclusive: too few or too noisy trials, or the machine got in the way",
    .examples =
        "  eighth compare --baseline main/libclient.so --candidate ./libclient.so \\\n"
        "      scenarios/compare.json --max-time 5m\n"
        "  eighth compare --baseline h2 --candidate 'h2:{\"cache\":\"none\"}' "
        "scenarios/compare.json\n"
        "  eighth compare old/report.json new/report.json --fail-on crashes,leaks\n"
        "  eighth compare --baseline-report main --candidate ./libclient.so scenarios/compare.json",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

int compare_options_parse(struct compare_options *options, enum compare_whose whose, int argc,
                          char **argv, int *words, struct failure *failure)
{
    memset(options, 0, sizeof *options);
    run_options_init(&options->run);
    options->whose = whose;
    options->fail_on = "crashes,leaks,performance";
    compare_settings_init(&options->settings);
    int result = options_parse(&help_compare, argc, argv, options, words, failure);
    if (result == 0 && options->run.flavor == NULL) {
        return failure_set(failure, FAILURE_USAGE,
                           "--flavor all: a comparison is of one flavor; run it once for each");
    }
    if (result == 0 && options->valgrind[0] != '\0' &&
        strcmp(options->run.flavor->built, "plain") != 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "--callgrind: valgrind runs no sanitizers: use flavor plain");
    }
    return result;
}

void compare_options_release(struct compare_options *options)
{
    run_options_release(&options->run);
}
