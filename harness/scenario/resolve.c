/* SPDX-License-Identifier: MIT
 *
 * Makes relative paths absolute, as text: nothing has to exist.
 */
#include "harness/scenario/resolve.h"

#include "harness/scenario/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool resolve_is_path(const char *text)
{
    size_t length = strlen(text);
    return length <= RESOLVE_LONGEST && syntax_is_plain_text(text, length);
}

char *resolve_path(const char *folder, const char *path)
{
    while (path[0] == '.' && path[1] == '/') {
        path += 1 + strspn(path + 1, "/");
    }
    if (*path == '/') {
        return strdup(path);
    }
    char *result = NULL;
    const char *slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/' ? "" : "/";
    if (asprintf(&result, "%s%s%s", folder, slash, path) < 0) {
        return NULL;
    }
    return result;
}

char *resolve_folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *folder = slash == NULL ? strdup("") : strndup(file, (size_t)(slash - file) + 1);
    if (folder == NULL || *folder == '/') {
        return folder;
    }
    char *current = getcwd(NULL, 0);
    char *result = current != NULL ? resolve_path(current, folder) : NULL;
    free(current);
    free(folder);
    return result;
}

int resolve_into(struct reading *reading, cJSON *value, char **field)
{
    if (strchr(value->valuestring, '/') == NULL) {
        return shape_copy(reading, field, value->valuestring);
    }
    char *path = resolve_path(reading->folder, value->valuestring);
    if (path == NULL) {
        return reading_no_memory(reading);
    }
    int status = -1;
    if (cJSON_SetValuestring(value, path) == NULL) {
        (void)reading_no_memory(reading);
    } else {
        status = shape_copy(reading, field, path);
    }
    free(path);
    return status;
}
