/* SPDX-License-Identifier: MIT
 *
 * Paths with dots: reading them, comparing them with places, setting values by them.
 */
#include "harness/scenario/dotted.h"

#include "harness/scenario/verbatim.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_MEMORY "no memory"

/* Copies an element to *out and moves that behind it. */
static int add_element(struct dotted *path, const char *element, size_t length, char **out,
                       const char **problem)
{
    if (length == 0) {
        *problem = "a part of the path is empty";
        return -1;
    }
    if (path->count == SYNTAX_MAX_DEPTH) {
        *problem = "the path has too many parts";
        return -1;
    }
    path->elements[path->count++] = *out;
    memcpy(*out, element, length);
    (*out)[length] = '\0';
    *out += length + 1;
    return 0;
}

static bool rest_is_one(const struct dotted *path)
{
    return path->count == 1 && (strcmp(path->elements[0], "thresholds") == 0 ||
                                strcmp(path->elements[0], "matrix") == 0);
}

/* Where the element at text ends, its brackets included; NULL if those are not closed. *begin and
 * *length are what it says. Quotes have no escapes. */
static const char *find_end(const struct dotted *path, const char *text, const char **begin,
                            size_t *length)
{
    *begin = text;
    if (*text != '[') {
        *length = rest_is_one(path) ? strlen(text) : strcspn(text, ".[");
        return text + *length;
    }
    bool quoted = text[1] == '"';
    *begin = text + (quoted ? 2 : 1);
    const char *end = strstr(*begin, quoted ? "\"]" : "]");
    if (end == NULL) {
        return NULL;
    }
    *length = (size_t)(end - *begin);
    return end + (quoted ? 2 : 1);
}

static int parse_elements(struct dotted *path, const char *text, char *out, const char **problem)
{
    for (;;) {
        const char *begin;
        size_t length;
        text = find_end(path, text, &begin, &length);
        if (text == NULL) {
            *problem = "a bracket of the path is not closed";
            return -1;
        }
        if (add_element(path, begin, length, &out, problem) != 0) {
            return -1;
        }
        if (*text == '\0') {
            return 0;
        }
        if (*text == '.') {
            text++;
        } else if (*text != '[') {
            *problem = "expected a dot after a bracket of the path";
            return -1;
        }
    }
}

int dotted_parse(struct dotted *path, const char *text, size_t length, const char **problem)
{
    memset(path, 0, sizeof *path);
    if (length >= 2 && memcmp(text, "$.", 2) == 0) {
        text += 2;
        length -= 2;
    }
    char *copy = strndup(text, length);
    /* Each element takes its own bytes and a zero byte: at most twice the text, and one more. */
    path->storage = malloc(2 * length + 2);
    int status = -1;
    if (copy == NULL || path->storage == NULL) {
        *problem = NO_MEMORY;
    } else {
        status = parse_elements(path, copy, path->storage, problem);
    }
    free(copy);
    if (status != 0) {
        dotted_release(path);
    }
    return status;
}

void dotted_release(struct dotted *path)
{
    free(path->storage);
    memset(path, 0, sizeof *path);
}

static bool same_element(const char *element, const char *key, size_t index)
{
    if (key != NULL) {
        return strcmp(element, key) == 0;
    }
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", index);
    return strcmp(element, number) == 0;
}

bool dotted_covers(const struct dotted *path, const struct place *place, const char *key)
{
    size_t depth = key != NULL;
    for (const struct place *at = place; at->parent != NULL; at = at->parent) {
        depth++;
    }
    if (path->count > depth) {
        return false;
    }
    if (key != NULL && path->count == depth && strcmp(path->elements[depth - 1], key) != 0) {
        return false;
    }
    depth -= key != NULL;
    for (; place->parent != NULL; place = place->parent, depth--) {
        if (depth <= path->count &&
            !same_element(path->elements[depth - 1], place->key, place->index)) {
            return false;
        }
    }
    return true;
}

bool dotted_leads_through(const struct dotted *path, const struct place *place)
{
    size_t depth = 0;
    for (const struct place *at = place; at->parent != NULL; at = at->parent) {
        depth++;
    }
    if (path->count <= depth) {
        return false;
    }
    for (; place->parent != NULL; place = place->parent, depth--) {
        if (!same_element(path->elements[depth - 1], place->key, place->index)) {
            return false;
        }
    }
    return true;
}

bool dotted_equal(const struct dotted *a, const struct dotted *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->elements[i], b->elements[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* A whole number that an element may be as the index of an item; -1 if it is none. */
static int index_of(const char *element)
{
    size_t length = strlen(element);
    if (length > 6 || strspn(element, "0123456789") != length) {
        return -1;
    }
    return (int)strtol(element, NULL, 10);
}

static cJSON *child_of(cJSON *node, const char *element)
{
    return cJSON_IsArray(node) ? cJSON_GetArrayItem(node, index_of(element))
                               : cJSON_GetObjectItemCaseSensitive(node, element);
}

/* Takes value in every case. */
static int set_child(cJSON *node, const char *element, cJSON *value, const char **problem)
{
    cJSON *old = child_of(node, element);
    bool done = false;
    *problem = NO_MEMORY;
    if (old != NULL && cJSON_IsArray(node)) {
        done = cJSON_ReplaceItemViaPointer(node, old, value);
    } else if (old != NULL) {
        /* Without memory for the key this succeeds and leaves a member without one; the tree, which
         * owns it, is of no use then. */
        done = cJSON_ReplaceItemInObjectCaseSensitive(node, element, value);
        if (done && value->string == NULL) {
            return -1;
        }
    } else if (cJSON_IsObject(node)) {
        done = cJSON_AddItemToObject(node, element, value);
    } else if (index_of(element) == cJSON_GetArraySize(node)) {
        done = cJSON_AddItemToArray(node, value);
    } else {
        *problem = "there is no such item in the list";
    }
    if (!done) {
        cJSON_Delete(value);
        return -1;
    }
    return 0;
}

/* The object or array that element names in node, made if an object can have it. */
static cJSON *enter(cJSON *node, const char *element, const char **problem)
{
    cJSON *child = child_of(node, element);
    if (child == NULL) {
        child = cJSON_CreateObject();
        if (child == NULL) {
            *problem = NO_MEMORY;
            return NULL;
        }
        if (set_child(node, element, child, problem) != 0) {
            return NULL;
        }
    }
    if (cJSON_IsRaw(child) && !verbatim_open(child)) {
        *problem = NO_MEMORY;
        return NULL;
    }
    if (!cJSON_IsObject(child) && !cJSON_IsArray(child)) {
        *problem = "this has no keys below it";
        return NULL;
    }
    return child;
}

int dotted_set(cJSON *root, const struct dotted *path, cJSON *value, const char **problem,
               size_t *at)
{
    cJSON *node = root;
    *at = 0;
    for (; *at + 1 < path->count; ++*at) {
        node = enter(node, path->elements[*at], problem);
        if (node == NULL) {
            cJSON_Delete(value);
            return -1;
        }
    }
    return set_child(node, path->elements[*at], value, problem);
}
