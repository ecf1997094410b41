/* SPDX-License-Identifier: MIT
 *
 * Finds the position of a place in the text that its tree was made from. The text is known to be
 * valid, so the walk only has to skip what it is not looking for.
 */
#include "harness/scenario/syntax.h"

#include <stdint.h>
#include <string.h>

struct walk {
    const char *text;
    size_t length;
    size_t at;
};

void syntax_position(const char *text, size_t length, size_t offset, unsigned *line,
                     unsigned *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset && i < length; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->length &&
           (walk->text[walk->at] == ' ' || walk->text[walk->at] == '\t' ||
            walk->text[walk->at] == '\r' || walk->text[walk->at] == '\n')) {
        walk->at++;
    }
}

static char here(const struct walk *walk)
{
    return walk->at < walk->length ? walk->text[walk->at] : '\0';
}

static void skip_string(struct walk *walk)
{
    for (walk->at++; walk->at < walk->length && here(walk) != '"'; walk->at++) {
        walk->at += here(walk) == '\\';
    }
    walk->at++;
}

static void skip_value(struct walk *walk)
{
    size_t depth = 0;
    do {
        char c = here(walk);
        if (c == '"') {
            skip_string(walk);
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        } else if (depth == 0) {
            walk->at += strcspn(walk->text + walk->at, ",]} \t\r\n");
            return;
        }
        walk->at++;
    } while (depth > 0 && walk->at < walk->length);
}

static uint32_t read_hex4(const char *text)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        value = value * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* Decodes the escape at text (behind its backslash) to UTF-8; returns how many bytes of text it
 * took. */
static size_t decode_escape(const char *text, char out[4], size_t *out_length)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    *out_length = 1;
    if (text[0] != 'u') {
        const char *known = strchr(from, text[0]);
        out[0] = known != NULL ? to[known - from] : text[0];
        return 1;
    }
    uint32_t code = read_hex4(text + 1);
    size_t used = 5;
    if (code >= 0xd800 && code <= 0xdbff) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (read_hex4(text + 7) & 0x3ff);
        used = 11;
    }
    size_t length = code < 0x80 ? 1 : (code < 0x800 ? 2 : (code < 0x10000 ? 3 : 4));
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6) {
        out[i] = (char)(0x80 | (code & 0x3f));
    }
    out[0] = (char)(lead[length] | code);
    *out_length = length;
    return used;
}

/* Whether the string that begins at the walk's position says key. Moves behind it. */
static bool string_equals(struct walk *walk, const char *key)
{
    size_t begin = walk->at + 1;
    skip_string(walk);
    size_t end = walk->at - 1;
    size_t length = strlen(key);
    size_t compared = 0;
    for (size_t at = begin; at < end;) {
        char bytes[4] = {walk->text[at], 0, 0, 0};
        size_t count = 1;
        size_t used = 1;
        if (bytes[0] == '\\') {
            used = 1 + decode_escape(walk->text + at + 1, bytes, &count);
        }
        if (length - compared < count || memcmp(key + compared, bytes, count) != 0) {
            return false;
        }
        compared += count;
        at += used;
    }
    return compared == length;
}

/* The walk stands at an object; moves to the member's value and stores where its key stands. Stays
 * at the object if there is none. */
static bool enter_member(struct walk *walk, const char *key, bool last, size_t *key_at)
{
    struct walk inside = *walk;
    bool found = false;
    inside.at++;
    for (skip_space(&inside); here(&inside) == '"'; skip_space(&inside)) {
        size_t begin = inside.at;
        bool equal = string_equals(&inside, key);
        skip_space(&inside);
        inside.at++; /* the colon */
        skip_space(&inside);
        if (equal) {
            walk->at = inside.at;
            *key_at = begin;
            found = true;
            if (!last) {
                break;
            }
        }
        skip_value(&inside);
        skip_space(&inside);
        inside.at += here(&inside) == ',';
    }
    return found;
}

static bool enter_item(struct walk *walk, size_t index)
{
    struct walk inside = *walk;
    inside.at++;
    skip_space(&inside);
    for (size_t i = 0; here(&inside) != ']' && inside.at < inside.length; i++) {
        if (i == index) {
            walk->at = inside.at;
            return true;
        }
        skip_value(&inside);
        skip_space(&inside);
        inside.at += here(&inside) == ',';
        skip_space(&inside);
    }
    return false;
}

size_t syntax_value_length(const char *text, size_t length)
{
    struct walk walk = {text, length, 0};
    skip_value(&walk);
    return walk.at;
}

void syntax_next_child(const struct slice *parent, size_t *at, struct slice *child)
{
    struct walk walk = {parent->text, parent->length, 0};
    skip_space(&walk);
    bool is_object = here(&walk) == '{';
    walk.at = *at == 0 ? walk.at + 1 : *at;
    skip_space(&walk);
    if (here(&walk) == ',') {
        walk.at++;
        skip_space(&walk);
    }
    if (is_object) {
        skip_string(&walk);
        skip_space(&walk);
        walk.at++; /* the colon */
        skip_space(&walk);
    }
    child->text = walk.text + walk.at;
    *at = walk.at;
    skip_value(&walk);
    child->length = walk.at - *at;
    *at = walk.at;
}

size_t syntax_locate(const char *text, size_t length, const struct place *place,
                     enum syntax_what what, bool *found)
{
    const struct place *path[SYNTAX_MAX_DEPTH + 1];
    size_t count = 0;
    for (; place != NULL && place->parent != NULL && count <= SYNTAX_MAX_DEPTH;
         place = place->parent) {
        path[count++] = place;
    }
    struct walk walk = {text, length, 0};
    size_t key_at = 0;
    bool complete = true;
    skip_space(&walk);
    while (count > 0 && complete) {
        const struct place *step = path[--count];
        if (step->key != NULL) {
            bool last = count == 0 && what == SYNTAX_LAST_KEY;
            complete = here(&walk) == '{' && enter_member(&walk, step->key, last, &key_at);
        } else {
            key_at = walk.at;
            complete = here(&walk) == '[' && enter_item(&walk, step->index);
        }
    }
    if (found != NULL) {
        *found = complete;
    }
    return complete && what != SYNTAX_VALUE ? key_at : walk.at;
}
