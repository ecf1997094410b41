/* SPDX-License-Identifier: MIT
 *
 * eighth show: a report.json for a human.
 */
#include "harness/cli/verbs.h"
#include "harness/report/forms.h"
#include "harness/report/read.h"

#include <stdbool.h>
#include <stdio.h>

struct show_options {
    bool markdown;
    enum form_depth depth;
};

static int take_markdown(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct show_options *)context)->markdown = true;
    return 0;
}

static int take_brief(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct show_options *)context)->depth = FORM_BRIEF;
    return 0;
}

static int take_verbose(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct show_options *)context)->depth = FORM_VERBOSE;
    return 0;
}

static const struct option_entry entries[] = {
    {"brief", 'b', NULL, "only what `eighth run` prints at its end", take_brief},
    {"verbose", 'v', NULL, "all stacks, registers, raw texts; latencies and other figures",
     take_verbose},
    {"markdown", 0, NULL, "as Markdown", take_markdown},
};

const struct verb_help help_show = {
    .verb = "show",
    .usage = "REPORT [options]",
    .what =
        "Prints a report for a human: the table, then each finding: what went wrong, the stacks\n"
        "that matter with the client's own frames marked by *, what the other threads did, how\n"
        "often it came, and the command that reproduces it.\n"
        "REPORT is a report.json or the folder that holds it.",
    .examples = "  eighth show reports/hundred-clients-20261122T014221Z-1\n"
                "  eighth show --markdown report.json",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

static int print_report(const char *path, const struct show_options *options,
                        struct failure *failure)
{
    struct buffer form = BUFFER_INIT;
    cJSON *report = report_read(path, failure);
    if (report == NULL) {
        return -1;
    }
    if (options->markdown) {
        form_markdown(report, &form);
    } else {
        form_terminal(report, options->depth, &form);
    }
    (void)fputs(buffer_text(&form), stdout);
    cJSON_Delete(report);
    buffer_clear(&form);
    return 0;
}

int verb_show(const struct invocation *invocation, int argc, char **argv)
{
    (void)invocation;
    struct show_options options = {false, FORM_FULL};
    struct failure failure = FAILURE_INIT;
    int words;
    int parsed = options_parse(&help_show, argc, argv, &options, &words, &failure);
    if (parsed == 1) {
        return verb_print_help(&help_show);
    }
    if (parsed == 0 && words != 1) {
        parsed = failure_set(&failure, FAILURE_USAGE,
                             "which report? Give one report.json or its folder");
    }
    if (parsed != 0 || print_report(argv[1], &options, &failure) != 0) {
        return verb_fail("show", &failure);
    }
    return verb_flush("show");
}
