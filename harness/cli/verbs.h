/* SPDX-License-Identifier: MIT
 *
 * The verbs of eighth. Each takes its own argument vector (argv[0] is the verb), prints, and
 * returns the exit code: 0 pass, 1 findings, 2 usage or invalid scenario, 3 inconclusive or
 * infrastructure.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "harness/base/failure.h"
#include "harness/cli/options.h"

#define EXIT_PASS 0
#define EXIT_FINDINGS 1
#define EXIT_USAGE 2
#define EXIT_UNDECIDED 3

/** What main knows and a verb may need. */
struct invocation {
    const char *program; /**< argv[0] as the user typed it */
    int argc;            /**< of the whole command line */
    char **argv;         /**< the same, unchanged, ended by NULL */
};

int verb_run(const struct invocation *invocation, int argc, char **argv);
int verb_compare(const struct invocation *invocation, int argc, char **argv);
int verb_bisect_trials(const struct invocation *invocation, int argc, char **argv);
int verb_check(const struct invocation *invocation, int argc, char **argv);
int verb_list(const struct invocation *invocation, int argc, char **argv);
int verb_show(const struct invocation *invocation, int argc, char **argv);
int verb_replay(const struct invocation *invocation, int argc, char **argv);
int verb_verify_fix(const struct invocation *invocation, int argc, char **argv);

/** Not for people: drives the processes of an external program; see harness/programs. */
int verb_programs(int argc, char **argv);

extern const struct verb_help help_run;
extern const struct verb_help help_compare;
extern const struct verb_help help_bisect_trials;
extern const struct verb_help help_check;
extern const struct verb_help help_list;
extern const struct verb_help help_show;
extern const struct verb_help help_replay;
extern const struct verb_help help_verify_fix;

/** "eighth VERB: text" on standard error; returns the failure's exit code. */
int verb_fail(const char *verb, const struct failure *failure);

/** Prints the help of a verb on standard output; returns EXIT_PASS. */
int verb_print_help(const struct verb_help *help);

/** Flushes standard output: 0, or EXIT_UNDECIDED and a message if what was printed is lost (disk
 *  full, closed pipe). */
int verb_flush(const char *verb);

#endif
