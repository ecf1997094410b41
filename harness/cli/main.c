/* SPDX-License-Identifier: MIT
 *
 * eighth: which verb runs.
 */
#include "harness/cli/serve.h"
#include "harness/cli/verbs.h"
#include "harness/scenario/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct verb {
    const char *name;
    const char *help;
    int (*run)(const struct invocation *invocation, int argc, char **argv);
    const struct verb_help *long_help; /* NULL: the verb prints its own on --help */
};

static int run_serve(const struct invocation *invocation, int argc, char **argv)
{
    (void)invocation;
    return cli_serve(argc, argv);
}

static int run_help(const struct invocation *invocation, int argc, char **argv);

static int run_version(const struct invocation *invocation, int argc, char **argv)
{
    (void)invocation;
    if (argc > 1) {
        (void)fprintf(stderr, "eighth version: \"%s\" is too much\n", argv[1]);
        return EXIT_USAGE;
    }
    (void)printf("eighth %s\n", EIGHTH_VERSION);
    return verb_flush("version");
}

static const struct verb verbs[] = {
    {"run", "run scenarios and write a report", verb_run, &help_run},
    {"compare", "say whether a build is worse than another", verb_compare, &help_compare},
    {"bisect-trials", "say how many trials a step of git bisect needs", verb_bisect_trials,
     &help_bisect_trials},
    {"check", "say whether scenarios are valid", verb_check, &help_check},
    {"list", "list clients, steps, faults, endpoints, metrics, scenarios", verb_list, &help_list},
    {"show", "print a report for a human", verb_show, &help_show},
    {"replay", "run a finding's command again", verb_replay, &help_replay},
    {"verify-fix", "prove that a fixed build does not fail any more", verb_verify_fix,
     &help_verify_fix},
    {"serve", "run the target alone", run_serve, NULL},
    {"help", "explain a verb", run_help, NULL},
    {"version", "print the version", run_version, NULL},
};

static const size_t verb_count = sizeof verbs / sizeof verbs[0];

static void print_overview(FILE *to)
{
    (void)fprintf(to, "eighth stress-tests TLS and HTTP/2 clients and says what went wrong.\n\n"
                      "usage: eighth VERB ...\n\n");
    for (size_t i = 0; i < verb_count; i++) {
        (void)fprintf(to, "  %-13s %s\n", verbs[i].name, verbs[i].help);
    }
    (void)fprintf(to, "\n`eighth VERB --help` explains each. To begin:\n\n"
                      "  eighth run scenarios/hundred-clients.json\n\n"
                      "exit codes: 0 pass, 1 findings, 2 usage or invalid scenario,\n"
                      "            3 inconclusive or infrastructure\n");
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static int unknown_verb(const char *name)
{
    struct suggestion suggestion;
    suggest_begin(&suggestion, name);
    for (size_t i = 0; i < verb_count; i++) {
        suggest_offer(&suggestion, verbs[i].name);
    }
    if (suggestion.best != NULL) {
        (void)fprintf(stderr, "eighth: unknown verb \"%s\"; did you mean \"%s\"?\n", name,
                      suggestion.best);
    } else {
        (void)fprintf(stderr, "eighth: unknown verb \"%s\"; `eighth help` lists all\n", name);
    }
    return EXIT_USAGE;
}

static int run_help(const struct invocation *invocation, int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-') {
        print_overview(stdout);
        return verb_flush("help");
    }
    const struct verb *verb = find_verb(argv[1]);
    if (verb == NULL) {
        return unknown_verb(argv[1]);
    }
    if (verb->long_help != NULL) {
        return verb_print_help(verb->long_help);
    }
    if (verb->run == run_serve) {
        char serve[] = "serve";
        char option[] = "--help";
        char *arguments[] = {serve, option, NULL};
        return run_serve(invocation, 2, arguments);
    }
    (void)printf("eighth %s: %s\n", verb->name, verb->help);
    return verb_flush("help");
}

/* A descriptor 0, 1 or 2 that the caller closed would become a socket or a report's file, and be
 * written to by whoever prints. */
static void open_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0) {
            _exit(EXIT_UNDECIDED);
        }
    }
}

int verb_fail(const char *verb, const struct failure *failure)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "eighth %s: %s\n", verb, failure->text);
    return failure_exit_code(failure);
}

int verb_print_help(const struct verb_help *help)
{
    struct buffer text = BUFFER_INIT;
    options_help(help, &text);
    (void)fputs(buffer_text(&text), stdout);
    buffer_clear(&text);
    return verb_flush(help->verb);
}

int verb_flush(const char *verb)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "eighth %s: cannot write to standard output: %s\n", verb,
                      strerror(errno));
        return EXIT_UNDECIDED;
    }
    return EXIT_PASS;
}

int main(int argc, char **argv)
{
    open_standard_streams();
    /* A limit of file sizes is then an error of write(2), told like a full disk. What is started
     * gets all dispositions as they were. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGXFSZ, &ignore, NULL);
    struct invocation invocation = {argc > 0 ? argv[0] : "eighth", argc, argv};
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = "version";
    }
    if (strcmp(name, "programs") == 0) {
        return verb_programs(argc - 1, argv + 1);
    }
    const struct verb *verb = find_verb(name);
    if (verb == NULL) {
        return unknown_verb(name);
    }
    /* Verbs move words about in their vector; the report wants the command line as it was. */
    char **own = calloc((size_t)argc, sizeof *own);
    if (own == NULL) {
        (void)fprintf(stderr, "eighth: no memory\n");
        return EXIT_UNDECIDED;
    }
    memcpy(own, argv + 1, (size_t)(argc - 1) * sizeof *own);
    int code = verb->run(&invocation, argc - 1, own);
    free(own);
    return code;
}
