/* SPDX-License-Identifier: MIT
 *
 * Where a library's name ends, and whether it is a path.
 */
#include "harness/cli/client_choice.h"

#include "harness/base/buffer.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *client_choice_override(const char *key, const char *value, bool raw)
{
    struct buffer text = BUFFER_INIT;
    cJSON *string = raw ? NULL : cJSON_CreateString(value);
    char *quoted = string != NULL ? cJSON_PrintUnformatted(string) : NULL;
    buffer_printf(&text, "%s=%s", key, raw ? value : quoted != NULL ? quoted : "");
    cJSON_Delete(string);
    cJSON_free(quoted);
    if (text.truncated || text.text == NULL || (!raw && quoted == NULL)) {
        buffer_clear(&text);
        return NULL;
    }
    return text.text; /* the caller has it now */
}

static bool is_path(const char *library)
{
    size_t length = strlen(library);
    return strchr(library, '/') != NULL || (length > 3 && strcmp(library + length - 3, ".so") == 0);
}

/* A path is meant from the working folder here, but from the scenario's file in a scenario. */
static int choose_library(struct client_choice *choice, const char *option, const char *library,
                          struct failure *failure)
{
    char *path = NULL;
    if (is_path(library) && (path = realpath(library, NULL)) == NULL) {
        return failure_errno(failure, FAILURE_USAGE, errno, "--%s %s", option, library);
    }
    choice->library =
        client_choice_override("client.library", path != NULL ? path : library, false);
    free(path);
    return choice->library != NULL ? 0 : failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
}

int client_choice_parse(struct client_choice *choice, const char *option, const char *value,
                        struct failure *failure)
{
    const char *json = strstr(value, ":{");
    char *library = json != NULL ? strndup(value, (size_t)(json - value)) : strdup(value);
    memset(choice, 0, sizeof *choice);
    if (library == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
    }
    int result = 0;
    if (library[0] == '\0') {
        result = failure_set(failure, FAILURE_USAGE,
                             "--%s: expected NAME, PATH, NAME:{OPTIONS} or PATH:{OPTIONS}", option);
    } else {
        result = choose_library(choice, option, library, failure);
    }
    free(library);
    if (result == 0 && json != NULL) {
        choice->options = client_choice_override("client.options", json + 1, true);
        if (choice->options == NULL) {
            result = failure_set(failure, FAILURE_ENVIRONMENT, "no memory");
        }
    }
    return result;
}

void client_choice_release(struct client_choice *choice)
{
    free(choice->library);
    free(choice->options);
    memset(choice, 0, sizeof *choice);
}
