/* SPDX-License-Identifier: MIT
 *
 * The way from a text to scenarios: syntax, tree, overrides, matrix, and for each combination the
 * tables.
 */
#include "harness/scenario/parse.h"

#include "harness/scenario/matrix.h"
#include "harness/scenario/overrides.h"
#include "harness/scenario/resolve.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/verbatim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEYS 256
/* Text of all combinations together: their number alone would allow a gigabyte. */
#define MAX_EXPANDED ((size_t)64 << 20)

void scenario_list_clear(struct scenario_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        scenario_free(list->items[i]);
    }
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

/* ---- syntax ---- */

static int fail_at(struct reading *reading, size_t offset, const char *text)
{
    unsigned line;
    unsigned column;
    syntax_position(reading->text, reading->length, offset, &line, &column);
    return failure_set(reading->failure, FAILURE_USAGE, "%s:%u:%u: %s", reading->file, line, column,
                       text);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_keys(struct reading *reading, const struct place *place, const cJSON *object)
{
    const char *keys[MAX_KEYS];
    size_t count = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        if (count == MAX_KEYS) {
            return reading_fail(reading, place, "an object can have at most %d keys", MAX_KEYS);
        }
        keys[count++] = item->string;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0) {
            char quoted[READING_QUOTE];
            const char *text = reading_quote(quoted, keys[i]);
            return reading_fail_key(reading, place, keys[i], SYNTAX_LAST_KEY,
                                    "the key `%.*s` appears twice", (int)strlen(text) - 2,
                                    text + 1);
        }
    }
    return 0;
}

static int check_values(struct reading *reading, const struct place *place, const cJSON *value,
                        bool finite);

/* The client's options, which are texts of their own: how large numbers are there is the library's
 * business. */
static int check_raw(struct reading *reading, const struct place *place, const cJSON *raw)
{
    cJSON *tree = cJSON_Parse(raw->valuestring);
    int status =
        tree != NULL ? check_values(reading, place, tree, false) : reading_no_memory(reading);
    cJSON_Delete(tree);
    return status;
}

/* No key appears twice, and numbers are numbers here. Depth is bounded by syntax_check. */
static int check_values(struct reading *reading, const struct place *place, const cJSON *value,
                        bool finite)
{
    bool is_object = cJSON_IsObject(value);
    if (cJSON_IsRaw(value)) {
        return check_raw(reading, place, value);
    }
    if (is_object && check_keys(reading, place, value) != 0) {
        return -1;
    }
    if (finite && cJSON_IsNumber(value) && !isfinite(value->valuedouble)) {
        return reading_fail(reading, place, "this number is too large");
    }
    struct place inside = {place, NULL, 0};
    for (const cJSON *item = value->child; item != NULL; item = item->next, inside.index++) {
        inside.key = is_object ? item->string : NULL;
        if (check_values(reading, &inside, item, finite) != 0) {
            return -1;
        }
    }
    return 0;
}

static int parse_tree(struct reading *reading, cJSON **tree)
{
    struct syntax_problem problem;
    struct place root = {NULL, NULL, 0};
    const char *zero = memchr(reading->text, '\0', reading->length);
    if (zero != NULL) {
        return fail_at(reading, (size_t)(zero - reading->text), "there is a zero byte in it");
    }
    if (syntax_check(reading->text, reading->length, &problem) != 0) {
        return fail_at(reading, problem.offset, problem.text);
    }
    *tree = cJSON_ParseWithLength(reading->text, reading->length);
    if (*tree == NULL) {
        return reading_no_memory(reading);
    }
    if (!cJSON_IsObject(*tree)) {
        char text[READING_QUOTE];
        return reading_fail(reading, &root, "a scenario is an object, got %s",
                            reading_describe(text, *tree));
    }
    const struct dotted whole = DOTTED_INIT;
    if (!verbatim_keep(*tree, &whole, reading->text, reading->length)) {
        return reading_no_memory(reading);
    }
    return check_values(reading, &root, *tree, true);
}

/* ---- combinations ---- */

/* Reads a tree, which it completes with the defaults, into a new scenario. */
static struct scenario *read_combination(struct reading *reading, cJSON *tree)
{
    struct place root = {NULL, NULL, 0};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario == NULL) {
        (void)reading_no_memory(reading);
        return NULL;
    }
    reading->scenario = scenario;
    reading->steps_read = 0;
    reading->nesting = 0;
    char *printed = NULL;
    int status = -1;
    struct syntax_problem problem;
    /* Overrides and the matrix may have added what the file could not have held. */
    if (check_values(reading, &root, tree, true) == 0 &&
        shape_read(reading, &root, tree, &shape_scenario, scenario) == 0) {
        printed = cJSON_PrintUnformatted(tree);
        if (printed == NULL) {
            (void)reading_no_memory(reading);
        } else if (strlen(printed) > SCENARIO_MAX_FILE) {
            /* It could not be read again by the process that gets it. */
            (void)reading_fail(reading, &root, "with all defaults this is too long");
        } else if (syntax_check(printed, strlen(printed), &problem) != 0) {
            (void)reading_fail(reading, &root, "with all that was set: %s", problem.text);
        } else {
            status = shape_copy(reading, &scenario->json, printed);
        }
    }
    cJSON_free(printed);
    if (status != 0 || shape_copy(reading, &scenario->file, reading->file) != 0) {
        scenario_free(scenario);
        return NULL;
    }
    return scenario;
}

/* The scenario as the file has it, its matrix left out: it must be right by itself. */
static int check_base(struct reading *reading, const cJSON *tree)
{
    cJSON *copy = cJSON_Duplicate(tree, 1);
    if (copy == NULL) {
        return reading_no_memory(reading);
    }
    struct scenario *scenario = read_combination(reading, copy);
    cJSON_Delete(copy);
    scenario_free(scenario);
    return scenario != NULL ? 0 : -1;
}

/* Says which combination it was: alone, each of its values may be right. */
static void name_combination(struct reading *reading, const struct matrix *matrix)
{
    char *text = matrix->count > 0 && reading->failure != NULL ? matrix_text(matrix) : NULL;
    if (text != NULL && reading->failure->kind == FAILURE_USAGE) {
        struct failure whole;
        char quoted[READING_QUOTE];
        (void)failure_set(&whole, FAILURE_USAGE, "%.*s (with %s)",
                          (int)(sizeof whole.text - READING_QUOTE - 16), reading->failure->text,
                          reading_quote(quoted, text));
        *reading->failure = whole;
    }
    free(text);
}

static struct scenario *make_combination(struct reading *reading, const cJSON *tree,
                                         const struct matrix *matrix)
{
    struct scenario *scenario = NULL;
    cJSON *copy = cJSON_Duplicate(tree, 1);
    if (copy == NULL) {
        (void)reading_no_memory(reading);
        return NULL;
    }
    if (matrix_apply(matrix, reading, copy) == 0) {
        scenario = read_combination(reading, copy);
    }
    cJSON_Delete(copy);
    if (scenario == NULL) {
        name_combination(reading, matrix);
    } else {
        scenario->combination = matrix_text(matrix);
        if (scenario->combination == NULL) {
            (void)reading_no_memory(reading);
            scenario_free(scenario);
            scenario = NULL;
        }
    }
    return scenario;
}

/* tree has no matrix any more. */
static int make_combinations(struct reading *reading, const cJSON *tree, struct matrix *matrix,
                             struct scenario_list *made)
{
    if (matrix->combinations > 1 && matrix->combinations > MAX_EXPANDED / (reading->length + 1)) {
        return failure_set(reading->failure, FAILURE_USAGE,
                           "%s: the matrix makes too much of so long a file", reading->file);
    }
    if (matrix->count > 0 && check_base(reading, tree) != 0) {
        return -1;
    }
    made->items = calloc(matrix->combinations, sizeof *made->items);
    if (made->items == NULL) {
        return reading_no_memory(reading);
    }
    reading->variations = matrix->variations;
    reading->variation_count = matrix->count;
    for (size_t i = 0; i < matrix->combinations; i++) {
        matrix_choose(matrix, i);
        made->items[i] = make_combination(reading, tree, matrix);
        if (made->items[i] == NULL) {
            return -1;
        }
        made->count = i + 1;
    }
    return 0;
}

/* Moves what was made to the end of the list. */
static int append(struct reading *reading, struct scenario_list *list, struct scenario_list *made)
{
    struct scenario **items =
        realloc(list->items, (list->count + made->count) * sizeof *list->items);
    if (items == NULL) {
        return reading_no_memory(reading);
    }
    memcpy(items + list->count, made->items, made->count * sizeof *items);
    list->items = items;
    list->count += made->count;
    made->count = 0;
    return 0;
}

static int read_all(struct reading *reading, struct scenario_list *list)
{
    cJSON *tree = NULL;
    cJSON *varied = NULL;
    struct matrix matrix = {0};
    struct scenario_list made = SCENARIO_LIST_INIT;
    int status = -1;
    if (parse_tree(reading, &tree) != 0 || overrides_apply(reading, tree) != 0 ||
        matrix_read(&matrix, reading, tree) != 0) {
        goto done;
    }
    varied = cJSON_DetachItemFromObjectCaseSensitive(tree, "matrix");
    if (make_combinations(reading, tree, &matrix, &made) != 0) {
        goto done;
    }
    status = append(reading, list, &made);
done:
    scenario_list_clear(&made);
    matrix_release(&matrix);
    cJSON_Delete(varied);
    cJSON_Delete(tree);
    return status;
}

int scenario_parse(struct scenario_list *list, const char *file, const char *text, size_t length,
                   const char *const *overrides, size_t override_count, struct failure *failure)
{
    struct reading reading = {.file = file, .length = length, .failure = failure};
    struct override *parsed = NULL;
    char *folder = NULL;
    char *copy = NULL;
    int status = -1;
    if (length > SCENARIO_MAX_FILE) {
        return failure_set(failure, FAILURE_USAGE, "%s: a scenario is at most %zu bytes long", file,
                           SCENARIO_MAX_FILE);
    }
    folder = resolve_folder_of(file);
    copy = malloc(length + 1);
    if (folder == NULL || copy == NULL) {
        (void)reading_no_memory(&reading);
        goto done;
    }
    if (length > 0) {
        memcpy(copy, text, length);
    }
    copy[length] = '\0';
    reading.text = copy;
    reading.folder = folder;
    if (overrides_parse(&reading, overrides, override_count, &parsed) != 0) {
        goto done;
    }
    reading.overrides = parsed;
    reading.override_count = override_count;
    status = read_all(&reading, list);
done:
    overrides_free(parsed, override_count);
    free(copy);
    free(folder);
    return status;
}
