/* SPDX-License-Identifier: MIT
 *
 * Which nodes of a tree keep their text, and the way back.
 */
#include "harness/scenario/verbatim.h"

#include <stdlib.h>
#include <string.h>

#define WHITE " \t\r\n"

static const char *const options_path[] = {"client", "options"};
static const char *const matrix_path[] = {"matrix"};

/* Turns a node into a raw one with that text. */
static bool keep_text(cJSON *node, const struct slice *slice)
{
    const char *text = slice->text;
    size_t length = slice->length;
    for (; length > 0 && strchr(WHITE, *text) != NULL; length--) {
        text++;
    }
    while (length > 0 && strchr(WHITE, text[length - 1]) != NULL) {
        length--;
    }
    char *copy = cJSON_malloc(length + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    cJSON_Delete(node->child);
    cJSON_free(node->valuestring);
    node->child = NULL;
    node->valuestring = copy;
    node->type = cJSON_Raw | (node->type & cJSON_StringIsConst);
    return true;
}

static bool keep(cJSON *value, const char *const *path, size_t count, const struct slice *slice);

/* The values that the matrix has for one key. A wrong key is told by who reads the matrix. */
static bool keep_values(cJSON *values, const char *key, const struct slice *slice)
{
    struct dotted path = DOTTED_INIT;
    struct slice item;
    const char *problem;
    size_t at = 0;
    bool kept = true;
    if (!cJSON_IsArray(values) || dotted_parse(&path, key, strlen(key), &problem) != 0) {
        return true;
    }
    for (cJSON *child = values->child; child != NULL && kept; child = child->next) {
        syntax_next_child(slice, &at, &item);
        kept = strcmp(path.elements[0], "matrix") == 0 ||
               keep(child, path.elements, path.count, &item);
    }
    dotted_release(&path);
    return kept;
}

static bool keep_child(cJSON *child, const char *const *path, size_t count,
                       const struct slice *slice)
{
    if (count == 1) {
        return strcmp(path[0], "matrix") == 0          ? keep_values(child, child->string, slice)
               : strcmp(child->string, "options") == 0 ? keep(child, options_path, 2, slice)
                                                       : true;
    }
    return strcmp(child->string, "client") == 0   ? keep(child, options_path, 1, slice)
           : strcmp(child->string, "matrix") == 0 ? keep(child, matrix_path, 1, slice)
                                                  : true;
}

/* Depth: the scenario, its client or matrix, and a client in the matrix. */
static bool keep(cJSON *value, const char *const *path, size_t count, const struct slice *slice)
{
    bool of_client = count > 0 && strcmp(path[0], "client") == 0;
    bool of_matrix = count > 0 && strcmp(path[0], "matrix") == 0;
    if (count >= 2) {
        if (of_matrix) {
            return keep_values(value, path[1], slice);
        }
        /* What is no object is refused: it stays what it is, for the message. */
        bool is_option =
            of_client && strcmp(path[1], "options") == 0 && (count > 2 || cJSON_IsObject(value));
        return !is_option || keep_text(value, slice);
    }
    if (!cJSON_IsObject(value) || (count == 1 && !of_client && !of_matrix)) {
        return true;
    }
    size_t at = 0;
    struct slice inside;
    for (cJSON *child = value->child; child != NULL; child = child->next) {
        syntax_next_child(slice, &at, &inside);
        if (!keep_child(child, path, count, &inside)) {
            return false;
        }
    }
    return true;
}

bool verbatim_keep(cJSON *value, const struct dotted *path, const char *text, size_t length)
{
    struct slice slice = {text, length};
    return keep(value, path->elements, path->count, &slice);
}

bool verbatim_open(cJSON *raw)
{
    struct slice slice = {raw->valuestring, strlen(raw->valuestring)};
    struct slice inside;
    size_t at = 0;
    cJSON *tree = cJSON_ParseWithLength(slice.text, slice.length);
    bool opened = tree != NULL;
    for (cJSON *child = opened ? tree->child : NULL; child != NULL && opened; child = child->next) {
        syntax_next_child(&slice, &at, &inside);
        opened = keep_text(child, &inside);
    }
    if (opened) {
        /* The contents change places: the old ones are freed with the tree. */
        cJSON old = *raw;
        raw->type = tree->type | (old.type & cJSON_StringIsConst);
        raw->child = tree->child;
        raw->valuestring = tree->valuestring;
        raw->valuedouble = tree->valuedouble;
        raw->valueint = tree->valueint;
        tree->child = NULL;
        tree->valuestring = old.valuestring;
    }
    cJSON_Delete(tree);
    return opened;
}

char *verbatim_line(const char *json)
{
    char *line = malloc(strlen(json) + 1);
    char *out = line;
    bool quoted = false;
    for (const char *in = json; line != NULL && *in != '\0'; in++) {
        if (quoted && *in == '\\') {
            *out++ = *in++;
        } else if (*in == '"') {
            quoted = !quoted;
        }
        if (quoted || strchr(WHITE, *in) == NULL) {
            *out++ = *in;
        }
    }
    if (line != NULL) {
        *out = '\0';
    }
    return line;
}

bool verbatim_same(const char *one, const char *other)
{
    char *first = verbatim_line(one);
    char *second = verbatim_line(other);
    bool same = first != NULL && second != NULL && strcmp(first, second) == 0;
    free(first);
    free(second);
    return same;
}
