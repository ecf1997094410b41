/* SPDX-License-Identifier: MIT
 *
 * Which combinations a matrix has, in which order, and what each is called.
 */
#include "harness/scenario/matrix.h"

#include "harness/base/buffer.h"
#include "harness/scenario/overrides.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/verbatim.h"

#include <stdlib.h>
#include <string.h>

/* These decide about the run as a whole: one value for all combinations. */
static bool may_vary(const struct dotted *path)
{
    static const char *const fixed[] = {"name", "matrix", "$schema"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (strcmp(path->elements[0], fixed[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool is_overridden(const struct reading *reading, const struct dotted *path)
{
    for (size_t i = 0; i < reading->override_count; i++) {
        if (dotted_equal(&reading->overrides[i].path, path)) {
            return true;
        }
    }
    return false;
}

/* Reads one key of the matrix into *variation, whose path must then be released. */
static int read_key(struct reading *reading, const struct place *place, const cJSON *item,
                    struct variation *variation)
{
    struct place inside = {place, item->string, 0};
    char text[READING_QUOTE];
    const char *problem = NULL;
    if (dotted_parse(&variation->path, item->string, strlen(item->string), &problem) != 0) {
        return reading_fail_key(reading, place, item->string, SYNTAX_KEY, "%s", problem);
    }
    if (!may_vary(&variation->path)) {
        return reading_fail_key(reading, place, item->string, SYNTAX_KEY, "`%s` cannot be varied",
                                variation->path.elements[0]);
    }
    if (!cJSON_IsArray(item) || item->child == NULL) {
        return reading_fail(reading, &inside, "expected a list of at least one value, got %s",
                            cJSON_IsArray(item) ? "an empty one" : reading_describe(text, item));
    }
    variation->key = item->string;
    variation->values = item;
    variation->count = (size_t)cJSON_GetArraySize(item);
    return 0;
}

static int read_keys(struct matrix *matrix, struct reading *reading, const struct place *place,
                     const cJSON *object)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        struct variation *variation = &matrix->variations[matrix->count];
        matrix->count++;
        if (read_key(reading, place, item, variation) != 0) {
            return -1;
        }
        for (size_t i = 0; i + 1 < matrix->count; i++) {
            if (dotted_equal(&matrix->variations[i].path, &variation->path)) {
                return reading_fail_key(reading, place, item->string, SYNTAX_KEY,
                                        "the same key as `%s`", matrix->variations[i].key);
            }
        }
        if (is_overridden(reading, &variation->path)) {
            dotted_release(&variation->path);
            matrix->count--;
            continue;
        }
        if (variation->count > MATRIX_MAX_COMBINATIONS / matrix->combinations) {
            return reading_fail(reading, place, "there are more than %u combinations",
                                MATRIX_MAX_COMBINATIONS);
        }
        matrix->combinations *= variation->count;
    }
    return 0;
}

int matrix_read(struct matrix *matrix, struct reading *reading, const cJSON *tree)
{
    struct place root = {NULL, NULL, 0};
    struct place place = {&root, "matrix", 0};
    char text[READING_QUOTE];
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(tree, "matrix");
    memset(matrix, 0, sizeof *matrix);
    matrix->combinations = 1;
    if (object == NULL) {
        return 0;
    }
    if (!cJSON_IsObject(object)) {
        return reading_fail(reading, &place,
                            "expected an object of paths and lists of values, got %s",
                            reading_describe(text, object));
    }
    if (cJSON_GetArraySize(object) > (int)MATRIX_MAX_KEYS) {
        return reading_fail(reading, &place, "at most %u keys can be varied", MATRIX_MAX_KEYS);
    }
    matrix->variations = calloc(MATRIX_MAX_KEYS, sizeof *matrix->variations);
    if (matrix->variations == NULL) {
        return reading_no_memory(reading);
    }
    return read_keys(matrix, reading, &place, object);
}

void matrix_choose(struct matrix *matrix, size_t i)
{
    for (size_t at = matrix->count; at-- > 0;) {
        matrix->variations[at].index = i % matrix->variations[at].count;
        i /= matrix->variations[at].count;
    }
}

int matrix_apply(const struct matrix *matrix, struct reading *reading, cJSON *tree)
{
    for (size_t i = 0; i < matrix->count; i++) {
        const struct variation *variation = &matrix->variations[i];
        const char *problem = NULL;
        size_t at = 0;
        cJSON *value =
            cJSON_Duplicate(cJSON_GetArrayItem(variation->values, (int)variation->index), 1);
        if (value == NULL) {
            return reading_no_memory(reading);
        }
        if (dotted_set(tree, &variation->path, value, &problem, &at) != 0) {
            struct place root = {NULL, NULL, 0};
            struct place place = {&root, "matrix", 0};
            return reading_fail_key(reading, &place, variation->key, SYNTAX_KEY, "`%s`: %s",
                                    variation->path.elements[at], problem);
        }
    }
    return 0;
}

/* Whether `--set` would take the text as it is, and for a text. */
static bool is_plain(const char *text)
{
    struct syntax_problem problem;
    size_t length = strlen(text);
    return length > 0 && strchr("{[\"", *text) == NULL && strstr(text, ", ") == NULL &&
           syntax_is_plain_text(text, length) && syntax_check(text, length, &problem) != 0;
}

static void add_value(struct buffer *text, const cJSON *value)
{
    bool raw = cJSON_IsRaw(value);
    cJSON *tree = raw ? cJSON_Parse(value->valuestring) : NULL;
    const char *string = cJSON_GetStringValue(raw ? tree : value);
    char *printed = NULL;
    /* With escapes it is longer than itself and its quotes: those it would lose. */
    bool escaped = raw && string != NULL && strlen(value->valuestring) != strlen(string) + 2;
    if (raw && tree == NULL) {
        text->truncated = true;
    } else if (string != NULL && !escaped && is_plain(string)) {
        buffer_puts(text, string);
    } else {
        printed = raw ? verbatim_line(value->valuestring) : cJSON_PrintUnformatted(value);
        text->truncated |= printed == NULL;
        buffer_puts(text, printed != NULL ? printed : "");
    }
    cJSON_free(printed);
    cJSON_Delete(tree);
}

char *matrix_text(const struct matrix *matrix)
{
    struct buffer text = BUFFER_INIT;
    for (size_t i = 0; i < matrix->count; i++) {
        const struct variation *variation = &matrix->variations[i];
        const cJSON *value = cJSON_GetArrayItem(variation->values, (int)variation->index);
        buffer_printf(&text, "%s%s=", i == 0 ? "" : ", ", variation->key);
        add_value(&text, value);
    }
    char *copy = text.truncated ? NULL : strdup(buffer_text(&text));
    buffer_clear(&text);
    return copy;
}

size_t matrix_part(const char *combination)
{
    const char *equals = overrides_equals(combination);
    if (equals == NULL) {
        return strlen(combination);
    }
    const char *value = equals + 1;
    size_t key = (size_t)(value - combination);
    if (*value != '\0' && strchr("{[\"", *value) != NULL) {
        return key + syntax_value_length(value, strlen(value));
    }
    const char *end = strstr(value, ", ");
    return end != NULL ? (size_t)(end - combination) : key + strlen(value);
}

void matrix_release(struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->count; i++) {
        dotted_release(&matrix->variations[i].path);
    }
    free(matrix->variations);
    memset(matrix, 0, sizeof *matrix);
}

int matrix_ignore(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    (void)reading;
    (void)place;
    (void)value;
    (void)model;
    return 0;
}

cJSON *matrix_ignored_schema(void)
{
    return cJSON_CreateObject();
}

cJSON *matrix_schema(void)
{
    return shape_literal("{\"type\":\"object\",\"maxProperties\":16,\"additionalProperties\":"
                         "{\"type\":\"array\",\"minItems\":1}}");
}
