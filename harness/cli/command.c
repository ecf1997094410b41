/* SPDX-License-Identifier: MIT
 *
 * Cuts a command line into words without a shell.
 */
#include "harness/cli/command.h"

#include "harness/base/buffer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int command_add(struct command *command, const char *word, struct failure *failure)
{
    if (command->count + 1 >= COMMAND_WORDS) {
        return failure_set(failure, FAILURE_USAGE, "the report's command is too long");
    }
    command->items[command->count] = strdup(word);
    if (command->items[command->count] == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    }
    command->items[++command->count] = NULL;
    return 0;
}

void command_drop_first(struct command *command)
{
    free(command->items[0]);
    memmove(command->items, command->items + 1, (size_t)command->count * sizeof command->items[0]);
    command->count--;
}

void command_release(struct command *command)
{
    for (int i = 0; i < command->count; i++) {
        free(command->items[i]);
        command->items[i] = NULL;
    }
    command->count = 0;
}

int command_split(const char *line, struct command *command, struct failure *failure)
{
    while (*line != '\0') {
        struct buffer word = BUFFER_INIT;
        bool quoted = false;
        line += strspn(line, " ");
        if (*line == '\0') {
            break;
        }
        for (; *line != '\0' && (quoted || *line != ' '); line++) {
            if (*line == '\'') {
                quoted = !quoted;
            } else if (*line == '\\' && !quoted && line[1] != '\0') {
                buffer_add(&word, ++line, 1);
            } else {
                buffer_add(&word, line, 1);
            }
        }
        int added = command_add(command, buffer_text(&word), failure);
        buffer_clear(&word);
        if (added != 0) {
            return -1;
        }
    }
    return 0;
}
