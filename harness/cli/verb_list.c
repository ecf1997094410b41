/* SPDX-License-Identifier: MIT
 *
 * eighth list: everything that has a name, from the tables that the code itself uses.
 */
#include "harness/cli/verbs.h"
#include "harness/judge/compare_side.h"
#include "harness/scenario/fault.h"
#include "harness/scenario/metrics.h"
#include "harness/scenario/parse.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"
#include "harness/target/endpoint.h"
#include "harness/watch/layout.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct list_options {
    const char *flavor;
};

static int take_flavor(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct list_options *)context)->flavor = value;
    return 0;
}

static const struct option_entry entries[] = {
    {"flavor", 0, "NAME", "clients of this flavor (default: plain)", take_flavor},
};

const struct verb_help help_list = {
    .verb = "list",
    .usage = "clients|steps|faults|endpoints|metrics|comparisons|scenarios [PATH] [options]",
    .what = "Lists what scenarios can name:\n"
            "  clients    client libraries that lie beside eighth\n"
            "  steps      what an instance can do\n"
            "  faults     what the target can do wrong on purpose\n"
            "  endpoints  paths that the target serves\n"
            "  metrics    figures that thresholds can limit\n"
            "  comparisons  figures that compare judges, with their margins; undecided core ones\n"
            "             leave it undecided\n"
            "  scenarios  scenarios in a folder (default: those that come with eighth)",
    .examples = "  eighth list faults",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

static void print_client(void *context, const char *name, const char *path)
{
    (void)context;
    (void)printf("%-12s %s\n", name, path);
}

static int list_clients(const char *flavor, struct failure *failure)
{
    struct layout layout;
    if (layout_find(&layout, failure) != 0) {
        return -1;
    }
    if (layout_each_library(&layout, flavor, print_client, NULL) == 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT,
                           "no client library of flavor %s is built; `make FLAVOR=%s` builds it",
                           flavor, flavor);
    }
    return 0;
}

static int list_steps(void)
{
    for (size_t i = 0; i < step_entry_count; i++) {
        const struct step_entry *entry = &step_entries[i];
        (void)printf("%s: %s%s\n", entry->name, entry->shape != NULL ? entry->shape->help : "",
                     entry->racing != NULL ? " (also in a race)" : "");
        for (size_t k = 0; entry->shape != NULL && k < entry->shape->count; k++) {
            (void)printf("    %-16s %s\n", entry->shape->keys[k].name,
                         entry->shape->keys[k].help != NULL ? entry->shape->keys[k].help : "");
        }
    }
    return 0;
}

static int list_faults(void)
{
    for (unsigned id = 1; id < FAULT_COUNT; id++) {
        const struct fault_kind *kind = fault_kind_of(id);
        if (kind != NULL) {
            (void)printf("%-24s %s%s\n", kind->name, kind->help,
                         kind->tls_only ? " (TLS only)" : "");
        }
    }
    return 0;
}

static int list_endpoints(void)
{
    const struct endpoint *endpoint;
    for (size_t i = 0; (endpoint = endpoint_at(i)) != NULL; i++) {
        (void)printf("%-16s %s\n", endpoint->form, endpoint->help);
    }
    return 0;
}

static int list_metrics(void)
{
    for (size_t i = 0; i < threshold_metric_count; i++) {
        (void)printf("%-24s %-9s %s\n", threshold_metrics[i].name,
                     metric_unit_name(threshold_metrics[i].unit), threshold_metrics[i].help);
    }
    return 0;
}

static int list_comparisons(void)
{
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        const struct compare_metric *metric = &compare_metrics[i];
        char margin[32];
        if (metric->measure == COMPARE_RATIO) {
            (void)snprintf(margin, sizeof margin, "%g%%", 100 * metric->margin);
        } else {
            (void)snprintf(margin, sizeof margin, "%g %s", metric->margin, metric->unit);
        }
        (void)printf("%-24s %-9s %-5s %s\n", metric->name, margin, metric->core ? "core" : "-",
                     metric->help);
    }
    return 0;
}

/* Those of the working folder, else the installed ones. */
static int default_scenarios(char *path, size_t capacity, struct failure *failure)
{
    struct stat status;
    struct layout layout;
    if (stat("scenarios", &status) == 0 && S_ISDIR(status.st_mode)) {
        (void)snprintf(path, capacity, "scenarios");
        return 0;
    }
    if (layout_find(&layout, failure) != 0) {
        return -1;
    }
    (void)snprintf(path, capacity, "%s/../../share/eighth/scenarios", layout.root);
    if (stat(path, &status) != 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "there is no folder scenarios here and none installed at %s; name one: "
                           "eighth list scenarios PATH",
                           path);
    }
    return 0;
}

static int list_scenarios(const char *path, struct failure *failure)
{
    char fallback[LAYOUT_PATH + 64];
    struct scenario_list list = SCENARIO_LIST_INIT;
    if (path == NULL) {
        if (default_scenarios(fallback, sizeof fallback, failure) != 0) {
            return -1;
        }
        path = fallback;
    }
    if (scenario_load(&list, path, NULL, 0, failure) != 0) {
        return -1;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct scenario *scenario = list.items[i];
        bool another = i > 0 && strcmp(list.items[i - 1]->file, scenario->file) == 0;
        if (!another) {
            (void)printf("%-28s %s\n", scenario->name,
                         scenario->description != NULL ? scenario->description : "");
        }
    }
    scenario_list_clear(&list);
    return 0;
}

static int list_what(const char *what, const char *path, const struct list_options *options,
                     struct failure *failure)
{
    static const char *const names[] = {"clients", "steps",       "faults",   "endpoints",
                                        "metrics", "comparisons", "scenarios"};
    if (strcmp(what, "clients") == 0) {
        return list_clients(options->flavor, failure);
    }
    if (strcmp(what, "steps") == 0) {
        return list_steps();
    }
    if (strcmp(what, "faults") == 0) {
        return list_faults();
    }
    if (strcmp(what, "endpoints") == 0) {
        return list_endpoints();
    }
    if (strcmp(what, "metrics") == 0) {
        return list_metrics();
    }
    if (strcmp(what, "comparisons") == 0) {
        return list_comparisons();
    }
    if (strcmp(what, "scenarios") == 0) {
        return list_scenarios(path, failure);
    }
    struct suggestion suggestion;
    suggest_begin(&suggestion, what);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        suggest_offer(&suggestion, names[i]);
    }
    return failure_set(failure, FAILURE_USAGE, "cannot list \"%s\"%s%s%s; see `eighth list --help`",
                       what, suggestion.best != NULL ? "; did you mean \"" : "",
                       suggestion.best != NULL ? suggestion.best : "",
                       suggestion.best != NULL ? "\"?" : "");
}

int verb_list(const struct invocation *invocation, int argc, char **argv)
{
    (void)invocation;
    struct list_options options = {"plain"};
    struct failure failure = FAILURE_INIT;
    int words;
    int parsed = options_parse(&help_list, argc, argv, &options, &words, &failure);
    if (parsed == 1) {
        return verb_print_help(&help_list);
    }
    if (parsed == 0 && (words < 1 || words > 2)) {
        parsed = failure_set(&failure, FAILURE_USAGE,
                             "list what? clients, steps, faults, endpoints, metrics, comparisons "
                             "or scenarios");
    }
    if (parsed == 0 && words > 1 && strcmp(argv[1], "scenarios") != 0) {
        parsed = failure_set(&failure, FAILURE_USAGE, "\"%s\" is too much", argv[2]);
    }
    if (parsed != 0 || list_what(argv[1], words > 1 ? argv[2] : NULL, &options, &failure) != 0) {
        return verb_fail("list", &failure);
    }
    return verb_flush("list");
}
