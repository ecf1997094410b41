/* SPDX-License-Identifier: MIT
 *
 * eighth replay: runs a finding's own command again.
 *
 * The report may come from anywhere. Of its command only the options of run and the settings that
 * settings.h knows are used, in this process and without a shell; load on other machines needs the
 * user's word here, too.
 */
#include "harness/cli/command.h"
#include "harness/cli/verbs.h"
#include "harness/report/json.h"
#include "harness/report/read.h"
#include "harness/report/settings.h"
#include "harness/watch/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_HOSTS 16

struct replay_options {
    unsigned long long finding;
    const char *reports; /**< NULL: as run does without */
    bool quiet;
    bool here; /**< not in the report's directory */
    const char *hosts[MOST_HOSTS];
    size_t host_count;
};

static int take_finding(void *context, const char *value, struct failure *failure)
{
    struct replay_options *options = context;
    return options_number("finding", value, 1, 1000000, &options->finding, failure);
}

static int take_reports(void *context, const char *value, struct failure *failure)
{
    (void)failure;
    ((struct replay_options *)context)->reports = value;
    return 0;
}

static int take_quiet(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct replay_options *)context)->quiet = true;
    return 0;
}

static int take_here(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct replay_options *)context)->here = true;
    return 0;
}

static int take_remote(void *context, const char *value, struct failure *failure)
{
    struct replay_options *options = context;
    if (options->host_count == MOST_HOSTS) {
        return failure_set(failure, FAILURE_USAGE, "--allow-remote: at most %d hosts", MOST_HOSTS);
    }
    options->hosts[options->host_count++] = value;
    return 0;
}

static const struct option_entry entries[] = {
    {"finding", 0, "N", "its number, as `eighth show` counts them (default: 1)", take_finding},
    {"reports", 0, "DIR", "where the new report's folder is made (default: reports)", take_reports},
    {"quiet", 'q', NULL, "no progress line; of the results only the report's path", take_quiet},
    {"here", 0, NULL, "count the command's paths from the folder where you are", take_here},
    {"allow-remote", 0, "HOST", "let the command send load to this host, as it did", take_remote},
};

const struct verb_help help_replay = {
    .verb = "replay",
    .usage = "REPORT [options]",
    .what =
        "Runs the command of one finding again, with the settings of the sanitizers, the loader\n"
        "and the like that it had, and in the folder where it ran: the paths in it count from\n"
        "there. The new report goes below the folder where you are. REPORT is a report.json or\n"
        "the folder that holds it. It runs as many trials as show the finding with 95 % at the\n"
        "lower bound of its rate (at most 1000), and ends with the first where no other finding\n"
        "can be taken for it.\n"
        "\n"
        "exit codes: as those of run, so 1 when a finding came and 0 when none did",
    .examples = "  eighth replay reports/hundred-clients-20261122T014221Z-1\n"
                "  eighth replay report.json --finding 2\n"
                "  eighth replay report.json --here    # a report from another machine",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

static const cJSON *find_finding(const cJSON *report, unsigned long long number,
                                 struct failure *failure)
{
    unsigned long long count = 0;
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, json_get(report, "scenarios"))
    {
        const cJSON *finding;
        cJSON_ArrayForEach(finding, json_get(scenario, "findings"))
        {
            if (++count == number) {
                return finding;
            }
        }
    }
    (void)failure_set(failure, FAILURE_USAGE,
                      count == 0 ? "the report has no finding (of %llu there is no number %llu)"
                                 : "the report has %llu findings: there is no number %llu",
                      count, number);
    return NULL;
}

/* The settings in front of the command become this process's, and so its workers'. */
static int take_settings(struct command *words, struct failure *failure)
{
    const char *name;
    const char *value;
    while (words->count > 0 && (value = settings_value(words->items[0], &name)) != NULL) {
        if (setenv(name, value, 1) != 0) {
            return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
        }
        (void)fprintf(stderr, "eighth replay: with %s\n", words->items[0]);
        command_drop_first(words);
    }
    return 0;
}

static int check_words(const struct command *words, const struct replay_options *options,
                       struct failure *failure)
{
    if (words->count < 3 || strcmp(words->items[1], "run") != 0) {
        return failure_set(failure, FAILURE_USAGE, "the finding has no command of `eighth run`");
    }
    for (int i = 2; i < words->count; i++) {
        static const char option[] = "--allow-remote";
        bool allowed = false;
        if (strncmp(words->items[i], option, strlen(option)) != 0) {
            continue;
        }
        const char *host = words->items[i][strlen(option)] == '=' ? words->items[i] + sizeof option
                           : i + 1 < words->count                 ? words->items[i + 1]
                                                                  : "";
        for (size_t h = 0; h < options->host_count; h++) {
            allowed = allowed || strcmp(options->hosts[h], host) == 0;
        }
        if (!allowed) {
            return failure_set(failure, FAILURE_USAGE,
                               "the command sends load to %s: give --allow-remote %s here, too",
                               host, host);
        }
    }
    return 0;
}

/* Goes where the report's run was; *moved: that is another folder than the user's. Reports from
 * before directories were in them are replayed where the user is. */
static int enter(const cJSON *report, const struct replay_options *options, bool *moved,
                 struct failure *failure)
{
    char own[PATH_MAX];
    const char *directory = json_get_text(report, "directory");
    *moved = false;
    if (options->here || directory[0] == '\0' ||
        (getcwd(own, sizeof own) != NULL && strcmp(own, directory) == 0)) {
        return 0;
    }
    if (chdir(directory) != 0) {
        return failure_errno(failure, FAILURE_USAGE, errno,
                             "cannot go to the folder in which the report's run was, and from "
                             "which its paths count (--here counts them from the folder where you "
                             "are): %s",
                             directory);
    }
    *moved = true;
    (void)fprintf(stderr, "eighth replay: in %s\n", directory);
    return 0;
}

/* The user's folder for reports, whatever folder the command runs in. */
static int place_reports(const struct replay_options *options, char *path, size_t capacity,
                         struct failure *failure)
{
    char own[PATH_MAX];
    const char *wanted = options->reports != NULL ? options->reports : "reports";
    bool whole = wanted[0] == '/';
    if (!whole && getcwd(own, sizeof own) == NULL) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot tell where I am");
    }
    int length = snprintf(path, capacity, "%s%s%s", whole ? "" : own, whole ? "" : "/", wanted);
    return length < 0 || (size_t)length >= capacity
               ? failure_set(failure, FAILURE_USAGE, "--reports: the path is too long")
               : 0;
}

static int add_own(const struct replay_options *options, const char *reports, struct command *words,
                   struct failure *failure)
{
    if (reports != NULL && (command_add(words, "--reports", failure) != 0 ||
                            command_add(words, reports, failure) != 0)) {
        return -1;
    }
    return options->quiet ? command_add(words, "--quiet", failure) : 0;
}

static int run_words(const char *program, struct command *words)
{
    char *own[COMMAND_WORDS]; /* the verb moves words about in its vector */
    struct invocation again = {program, words->count, words->items};
    (void)fprintf(stderr, "eighth replay:");
    for (int i = 1; i < words->count; i++) {
        own[i - 1] = words->items[i];
        (void)fprintf(stderr, " %s", words->items[i]);
    }
    (void)fputc('\n', stderr);
    own[words->count - 1] = NULL;
    return verb_run(&again, words->count - 1, own);
}

/* Runs the command; its exit code, or -1. */
static int replay(const struct invocation *invocation, const struct replay_options *options,
                  const cJSON *report, struct command *words, struct failure *failure)
{
    char reports[2 * PATH_MAX];
    struct layout layout;
    bool moved;
    if (take_settings(words, failure) != 0 || check_words(words, options, failure) != 0 ||
        place_reports(options, reports, sizeof reports, failure) != 0 ||
        enter(report, options, &moved, failure) != 0 || layout_find(&layout, failure) != 0 ||
        add_own(options, moved ? reports : options->reports, words, failure) != 0) {
        return -1;
    }
    /* The way by which the user called eighth may lead nowhere from there. */
    return run_words(moved ? layout.self : invocation->program, words);
}

int verb_replay(const struct invocation *invocation, int argc, char **argv)
{
    struct replay_options options = {.finding = 1};
    struct failure failure = FAILURE_INIT;
    struct command words = COMMAND_INIT;
    int count;
    int code = -1;
    int parsed = options_parse(&help_replay, argc, argv, &options, &count, &failure);
    if (parsed == 1) {
        return verb_print_help(&help_replay);
    }
    if (parsed == 0 && count != 1) {
        parsed = failure_set(&failure, FAILURE_USAGE,
                             "which report? Give one report.json or its folder");
    }
    cJSON *report = parsed == 0 ? report_read(argv[1], &failure) : NULL;
    const cJSON *finding = report != NULL ? find_finding(report, options.finding, &failure) : NULL;
    if (finding != NULL &&
        command_split(json_get_text(finding, "reproduce"), &words, &failure) == 0) {
        code = replay(invocation, &options, report, &words, &failure);
    }
    command_release(&words);
    cJSON_Delete(report);
    return code >= 0 ? code : verb_fail("replay", &failure);
}
