/* SPDX-License-Identifier: MIT
 *
 * eighth check: validates scenarios without running anything; prints the schema.
 */
#include "harness/cli/verbs.h"
#include "harness/scenario/parse.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct check_options {
    bool schema;
    bool quiet;
    const char **sets;
    size_t set_count;
};

static int take_schema(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct check_options *)context)->schema = true;
    return 0;
}

static int take_quiet(void *context, const char *value, struct failure *failure)
{
    (void)value;
    (void)failure;
    ((struct check_options *)context)->quiet = true;
    return 0;
}

static int take_set(void *context, const char *value, struct failure *failure)
{
    struct check_options *options = context;
    const char **more = realloc(options->sets, (options->set_count + 1) * sizeof *more);
    if (more == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    }
    options->sets = more;
    more[options->set_count++] = value;
    return 0;
}

static const struct option_entry entries[] = {
    {"schema", 0, NULL, "print the JSON Schema of scenarios and end", take_schema},
    {"set", 0, "KEY=VALUE", "override a key, as `eighth run` does; may be repeated", take_set},
    {"quiet", 'q', NULL, "print only what is wrong", take_quiet},
};

const struct verb_help help_check = {
    .verb = "check",
    .usage = "PATH... [options]",
    .what =
        "Reads scenario files (or all of a folder) and says whether they are valid. Nothing is\n"
        "run. Each error names file, line, column and path, and suggests what was meant.\n"
        "Exit code 0: all valid; 2: at least one is not.",
    .examples = "  eighth check scenarios\n"
                "  eighth check --schema > scenario.schema.json",
    .options = entries,
    .option_count = sizeof entries / sizeof entries[0],
};

static int print_schema(void)
{
    cJSON *schema = scenario_schema();
    char *text = schema != NULL ? cJSON_Print(schema) : NULL;
    cJSON_Delete(schema);
    if (text == NULL) {
        (void)fprintf(stderr, "eighth check: no memory\n");
        return EXIT_UNDECIDED;
    }
    (void)puts(text);
    cJSON_free(text);
    return verb_flush("check");
}

static int check_path(const char *path, const struct check_options *options)
{
    struct failure failure = FAILURE_INIT;
    struct scenario_list list = SCENARIO_LIST_INIT;
    if (scenario_load(&list, path, options->sets, options->set_count, &failure) != 0) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "%s\n", failure.text);
        return failure_exit_code(&failure);
    }
    for (size_t i = 0; i < list.count && !options->quiet; i++) {
        const struct scenario *scenario = list.items[i];
        (void)printf("%s: ok: %s%s%s\n", scenario->file, scenario->name,
                     scenario->combination[0] != '\0' ? " with " : "", scenario->combination);
    }
    scenario_list_clear(&list);
    return EXIT_PASS;
}

int verb_check(const struct invocation *invocation, int argc, char **argv)
{
    (void)invocation;
    struct check_options options = {false, false, NULL, 0};
    struct failure failure = FAILURE_INIT;
    int words;
    int code = EXIT_PASS;
    int parsed = options_parse(&help_check, argc, argv, &options, &words, &failure);
    if (parsed == 1) {
        code = verb_print_help(&help_check);
    } else if (parsed != 0) {
        code = verb_fail("check", &failure);
    } else if (options.schema) {
        code = print_schema();
    } else if (words == 0) {
        (void)failure_set(&failure, FAILURE_USAGE,
                          "which scenario? Give a file or a folder: eighth check scenarios");
        code = verb_fail("check", &failure);
    } else {
        for (int i = 1; i <= words; i++) {
            int one = check_path(argv[i], &options);
            code = one > code ? one : code;
        }
        int flushed = verb_flush("check");
        code = code == EXIT_PASS ? flushed : code;
    }
    free(options.sets);
    return code;
}
