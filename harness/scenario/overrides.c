/* SPDX-License-Identifier: MIT
 *
 * What `--set` may say, and how its value becomes JSON: as it is where it is JSON, else as a text.
 */
#include "harness/scenario/overrides.h"

#include "harness/scenario/resolve.h"
#include "harness/scenario/verbatim.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST ((size_t)64 << 10)

static int fail(struct reading *reading, const char *text, const char *problem)
{
    char quoted[READING_QUOTE];
    return failure_set(reading->failure, FAILURE_USAGE, "--set %s: %s", reading_quote(quoted, text),
                       problem);
}

const char *overrides_equals(const char *text)
{
    bool inside = false;
    for (; *text != '\0'; text++) {
        if (*text == '=' && !inside) {
            return text;
        }
        inside = *text == '[' || (inside && *text != ']');
    }
    return NULL;
}

int overrides_parse(struct reading *reading, const char *const *texts, size_t count,
                    struct override **overrides)
{
    *overrides = NULL;
    if (count == 0) {
        return 0;
    }
    struct override *list = calloc(count, sizeof *list);
    if (list == NULL) {
        return reading_no_memory(reading);
    }
    for (size_t i = 0; i < count; i++) {
        const char *equals = overrides_equals(texts[i]);
        const char *problem = NULL;
        if (strlen(texts[i]) > LONGEST) {
            problem = "this is too long";
        } else if (equals == NULL || equals == texts[i]) {
            problem = "expected key=value, such as load.cycles=5";
        } else if (!syntax_is_plain_text(texts[i], (size_t)(equals - texts[i]))) {
            problem = "the path is not plain UTF-8 text";
        }
        list[i].text = texts[i];
        if (problem != NULL ||
            dotted_parse(&list[i].path, texts[i], (size_t)(equals - texts[i]), &problem) != 0) {
            overrides_free(list, count);
            return fail(reading, texts[i], problem);
        }
    }
    *overrides = list;
    return 0;
}

/* A file named on the command line is meant from the current folder, not the scenario's. */
static bool names_file(const struct dotted *path)
{
    return path->count == 2 &&
           ((strcmp(path->elements[0], "client") == 0 &&
             strcmp(path->elements[1], "library") == 0) ||
            (strcmp(path->elements[0], "target") == 0 && strcmp(path->elements[1], "ca") == 0));
}

static cJSON *make_text(const struct dotted *path, const char *text)
{
    bool is_ca = strcmp(path->elements[path->count - 1], "ca") == 0;
    if (!names_file(path) || *text == '\0' || (!is_ca && strchr(text, '/') == NULL)) {
        return cJSON_CreateString(text);
    }
    char *here = resolve_folder_of("here");
    char *absolute = here != NULL ? resolve_path(here, text) : NULL;
    cJSON *value = absolute != NULL ? cJSON_CreateString(absolute) : NULL;
    free(absolute);
    free(here);
    return value;
}

const char *overrides_value(const struct override *override)
{
    return overrides_equals(override->text) + 1;
}

static int make_value(struct reading *reading, const struct override *override, cJSON **value)
{
    const char *text = overrides_value(override);
    size_t length = strlen(text);
    struct syntax_problem problem;
    if (syntax_check(text, length, &problem) == 0) {
        *value = cJSON_ParseWithLength(text, length);
        if (*value != NULL && !verbatim_keep(*value, &override->path, text, length)) {
            cJSON_Delete(*value);
            *value = NULL;
        }
        if (cJSON_IsString(*value) && names_file(&override->path)) {
            cJSON *resolved = make_text(&override->path, (*value)->valuestring);
            cJSON_Delete(*value);
            *value = resolved;
        }
    } else if (!syntax_is_plain_text(text, length)) {
        return fail(reading, override->text, "the value is neither JSON nor plain UTF-8 text");
    } else if (*text == '{' || *text == '[' || *text == '"') {
        return fail(reading, override->text, problem.text);
    } else {
        *value = make_text(&override->path, text);
    }
    return *value != NULL ? 0 : reading_no_memory(reading);
}

int overrides_apply(struct reading *reading, cJSON *tree)
{
    for (size_t i = 0; i < reading->override_count; i++) {
        const struct override *override = &reading->overrides[i];
        cJSON *value = NULL;
        const char *problem = NULL;
        size_t at = 0;
        if (make_value(reading, override, &value) != 0) {
            return -1;
        }
        if (dotted_set(tree, &override->path, value, &problem, &at) != 0) {
            char quoted[READING_QUOTE];
            char element[READING_QUOTE];
            return failure_set(reading->failure, FAILURE_USAGE, "%s: --set %s: %s: %s",
                               reading->file, reading_quote(quoted, override->text),
                               reading_quote(element, override->path.elements[at]), problem);
        }
    }
    return 0;
}

void overrides_free(struct override *overrides, size_t count)
{
    for (size_t i = 0; overrides != NULL && i < count; i++) {
        dotted_release(&overrides[i].path);
    }
    free(overrides);
}
