/* SPDX-License-Identifier: MIT
 *
 * A command line as a report holds it, cut into words again. It may come from anywhere.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "harness/base/failure.h"

/** Most words of a command, and the NULL behind them. */
#define COMMAND_WORDS 512

struct command {
    char *items[COMMAND_WORDS]; /**< owned; ended by NULL */
    int count;
};

#define COMMAND_INIT \
    {                \
        {NULL}, 0    \
    }

/** Adds a copy of the word. Fails with FAILURE_USAGE when there are too many, FAILURE_ENVIRONMENT
 *  without memory. */
int command_add(struct command *command, const char *word, struct failure *failure);

/** Takes the first word away; there must be one. */
void command_drop_first(struct command *command);

/** Adds the words of a line, as a POSIX shell cuts what report_quote makes: blanks part words,
 * '...' keeps all, \x is x. Fails as command_add does. */
int command_split(const char *line, struct command *command, struct failure *failure);

/** Frees the words; leaves it as COMMAND_INIT does. */
void command_release(struct command *command);

#endif
