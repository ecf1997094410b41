/* SPDX-License-Identifier: MIT
 *
 * The words and the environment with which one process of a program is started.
 */
#ifndef PROGRAMS_COMMAND_H
#define PROGRAMS_COMMAND_H

#include "harness/scenario/model.h"
#include "harness/scenario/placeholder.h"

#include <stdint.h>

struct program_command {
    char **words;       /**< argv, ended by NULL */
    char **environment; /**< "NAME=VALUE" each, ended by NULL */
};

/** Makes both: the scenario's words and variables with their placeholders replaced, what the
 *  program gets of own (this process's environment), the mark, and the options of sanitizers, whose
 *  logs go to files that begin with log. 0, or -1 without memory. The caller releases it. */
int program_command_make(struct program_command *command, const struct client_model *client,
                         const char *const values[PLACEHOLDERS], const char *const *own,
                         const char *mark, const char *log);

/** Frees both. Safe on a zeroed command. */
void program_command_release(struct program_command *command);

#endif
