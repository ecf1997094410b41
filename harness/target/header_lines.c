/* SPDX-License-Identifier: MIT
 *
 * Collecting header fields and showing them as JSON.
 */
#include "harness/target/header_lines.h"

#include <stdbool.h>
#include <string.h>

void header_lines_add(struct header_lines *lines, const void *name, size_t name_length,
                      const void *value, size_t value_length)
{
    if (lines->count >= HEADER_LINES_FIELDS ||
        lines->text.length + name_length + value_length + 2 > HEADER_LINES_BYTES) {
        lines->too_large = true;
        return;
    }
    lines->count++;
    buffer_add(&lines->text, name, name_length);
    buffer_add(&lines->text, "", 1);
    buffer_add(&lines->text, value, value_length);
    buffer_add(&lines->text, "", 1);
    lines->too_large |= lines->text.truncated;
}

void header_lines_clear(struct header_lines *lines)
{
    buffer_clear(&lines->text);
    lines->count = 0;
    lines->too_large = false;
}

/* Steps to the next field; *name is NULL at the beginning. False at the end. */
static bool next_field(const struct header_lines *lines, const char **name, const char **value)
{
    const char *text = buffer_text(&lines->text);
    const char *end = text + lines->text.length;
    const char *at = *name == NULL ? text : *value + strlen(*value) + 1;
    /* Without memory a field may have been cut: its value is then not there. */
    const char *second = at < end ? at + strlen(at) + 1 : end;
    if (second >= end) {
        return false;
    }
    *name = at;
    *value = second;
    return true;
}

const char *header_lines_find(const struct header_lines *lines, const char *name)
{
    const char *field = NULL;
    const char *value = NULL;
    while (next_field(lines, &field, &value)) {
        if (strcmp(field, name) == 0) {
            return value;
        }
    }
    return NULL;
}

static void add_escaped(struct buffer *json, const char *text)
{
    const char *plain = text;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            continue;
        }
        buffer_add(json, plain, (size_t)(text - plain));
        buffer_printf(json, "\\u%04x", c);
        plain = text + 1;
    }
    buffer_add(json, plain, (size_t)(text - plain));
}

static void add_string(struct buffer *json, const char *text)
{
    buffer_puts(json, "\"");
    add_escaped(json, text);
    buffer_puts(json, "\"");
}

/* All values of a name, at the place of its first field. */
static void add_values(struct buffer *json, const struct header_lines *lines, const char *first,
                       const char *first_value)
{
    const char *name = first;
    const char *value = first_value;
    buffer_puts(json, "\"");
    add_escaped(json, value);
    while (next_field(lines, &name, &value)) {
        if (strcmp(name, first) == 0) {
            buffer_puts(json, ", ");
            add_escaped(json, value);
        }
    }
    buffer_puts(json, "\"");
}

static bool seen_before(const struct header_lines *lines, const char *name)
{
    return header_lines_find(lines, name) != name + strlen(name) + 1;
}

void header_lines_json(const struct header_lines *lines, struct buffer *json)
{
    const char *method = header_lines_find(lines, ":method");
    const char *path = header_lines_find(lines, ":path");
    buffer_puts(json, "{\"method\": ");
    add_string(json, method != NULL ? method : "");
    buffer_puts(json, ", \"path\": ");
    add_string(json, path != NULL ? path : "");
    buffer_puts(json, ", \"headers\": {");
    const char *separator = "";
    const char *name = NULL;
    const char *value = NULL;
    while (next_field(lines, &name, &value)) {
        if (name[0] == ':' || seen_before(lines, name)) {
            continue;
        }
        buffer_puts(json, separator);
        add_string(json, name);
        buffer_puts(json, ": ");
        add_values(json, lines, name, value);
        separator = ", ";
    }
    buffer_puts(json, "}}\n");
}
