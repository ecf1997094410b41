/* SPDX-License-Identifier: MIT
 *
 * A client as options name it: LIBRARY or LIBRARY:{JSON}. It becomes overrides of scenarios, so
 * that there is one way in which a scenario is changed.
 */
#ifndef CLI_CLIENT_CHOICE_H
#define CLI_CLIENT_CHOICE_H

#include "harness/base/failure.h"

#include <stdbool.h>

/** Zeroed it is empty and safe to release. */
struct client_choice {
    char *library; /**< the override "client.library=..." */
    char *options; /**< the override "client.options=..."; NULL: no options were given */
};

/** Parses the value of that option (named without its dashes, for messages). A path is meant from
 *  the working folder, and must exist. Release the choice afterwards, whatever is returned. Fails
 *  with FAILURE_USAGE, or FAILURE_ENVIRONMENT without memory. */
int client_choice_parse(struct client_choice *choice, const char *option, const char *value,
                        struct failure *failure);

/** Frees what it holds. */
void client_choice_release(struct client_choice *choice);

/** The override KEY=VALUE, the value quoted as JSON text unless it is raw JSON; the caller frees
 *  it. NULL without memory. */
char *client_choice_override(const char *key, const char *value, bool raw);

#endif
