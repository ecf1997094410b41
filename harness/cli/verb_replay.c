/* SPDX-License-Identifier: MIT
 *
 * eighth replay: runs a finding's own command again.
 *
 * The report may come from anywhere. Of its command only the options of run are used, in this
 * process and without a shell; load on other machines needs the user's word here, too.
 */
#include "harness/cli/command.h"
#include "harness/cli/verbs.h"
#include "harness/report/json.h"
#include "harness/report/read.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HOSTS 16

struct replay_options {
    unsigned long long finding;
    const char *reports; /**< NULL: as run does without */
    bool quiet;
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
    {"allow-remote", 0, "HOST", "let the command send load to this host, as it did", take_remote},
};

const struct verb_help help_replay = {
    .verb = "replay",
    .usage = "REPORT [options]",
    .what = "Runs the command of one finding again, in the folder where you are: the paths in it\n"
            "count from there. REPORT is a report.json or the folder that holds it. It runs as\n"
            "many trials as show the finding with 95 % at the lower bound of its rate (at most\n"
            "1000), and ends with the first where no other finding can be taken for it.\n"
            "\n"
            "exit codes: as those of run, so 1 when a finding came and 0 when none did",
    .examples = "  eighth replay reports/hundred-clients-20261122T014221Z-1\n"
                "  eighth replay report.json --finding 2",
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

static int add_own(const struct replay_options *options, struct command *words,
                   struct failure *failure)
{
    if (options->reports != NULL && (command_add(words, "--reports", failure) != 0 ||
                                     command_add(words, options->reports, failure) != 0)) {
        return -1;
    }
    return options->quiet ? command_add(words, "--quiet", failure) : 0;
}

static int run_words(const struct invocation *invocation, struct command *words)
{
    char *own[COMMAND_WORDS]; /* the verb moves words about in its vector */
    struct invocation again = {invocation->program, words->count, words->items};
    (void)fprintf(stderr, "eighth replay:");
    for (int i = 1; i < words->count; i++) {
        own[i - 1] = words->items[i];
        (void)fprintf(stderr, " %s", words->items[i]);
    }
    (void)fputc('\n', stderr);
    own[words->count - 1] = NULL;
    return verb_run(&again, words->count - 1, own);
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
        command_split(json_get_text(finding, "reproduce"), &words, &failure) == 0 &&
        check_words(&words, &options, &failure) == 0 && add_own(&options, &words, &failure) == 0) {
        code = run_words(invocation, &words);
    }
    command_release(&words);
    cJSON_Delete(report);
    return code >= 0 ? code : verb_fail("replay", &failure);
}
