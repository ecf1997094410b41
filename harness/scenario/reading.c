/* SPDX-License-Identifier: MIT
 *
 * Makes the messages about scenarios: where, at which path, what.
 */
#include "harness/scenario/reading.h"

#include "harness/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE 700

const char *reading_quote(char quoted[READING_QUOTE], const char *text)
{
    size_t at = 0;
    quoted[at++] = '"';
    /* Room for one escape, the dots, the quote and the zero byte. */
    for (; *text != '\0' && at < READING_QUOTE - 12; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            quoted[at++] = '\\';
            quoted[at++] = (char)c;
        } else if (c < ' ' || c == 0x7f) {
            at += (size_t)snprintf(quoted + at, 7, "\\u%04x", c);
        } else {
            quoted[at++] = (char)c;
        }
    }
    if (*text != '\0') {
        /* Never half a character. */
        while (((unsigned char)*text & 0xc0) == 0x80 && at > 1) {
            text--;
            at--;
        }
        memcpy(quoted + at, "...", 3);
        at += 3;
    }
    quoted[at++] = '"';
    quoted[at] = '\0';
    return quoted;
}

const char *reading_describe(char text[READING_QUOTE], const cJSON *value)
{
    if (cJSON_IsString(value)) {
        return reading_quote(text, value->valuestring);
    }
    if (cJSON_IsNumber(value)) {
        (void)snprintf(text, READING_QUOTE, "%.15g", value->valuedouble);
        return text;
    }
    if (cJSON_IsObject(value)) {
        return "an object";
    }
    if (cJSON_IsArray(value)) {
        return "a list";
    }
    if (cJSON_IsBool(value)) {
        return cJSON_IsTrue(value) ? "true" : "false";
    }
    return "null";
}

static bool is_identifier(const char *key)
{
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return length > 0 && length <= 64 && key[length] == '\0' && (*key < '0' || *key > '9');
}

static void print_place(struct buffer *out, const struct place *place)
{
    const struct place *path[SYNTAX_MAX_DEPTH + 1];
    size_t count = 0;
    for (; place->parent != NULL && count <= SYNTAX_MAX_DEPTH; place = place->parent) {
        path[count++] = place;
    }
    buffer_puts(out, "$");
    while (count > 0) {
        const struct place *step = path[--count];
        char quoted[READING_QUOTE];
        if (step->key == NULL) {
            buffer_printf(out, "[%zu]", step->index);
        } else if (is_identifier(step->key)) {
            buffer_printf(out, ".%s", step->key);
        } else {
            buffer_printf(out, "[%s]", reading_quote(quoted, step->key));
        }
    }
}

/* The override on whose way the place was made: the file has none there. */
static const struct override *maker_of(const struct reading *reading, const struct place *place)
{
    bool found;
    (void)syntax_locate(reading->text, reading->length, place, SYNTAX_VALUE, &found);
    for (size_t i = reading->override_count; !found && i-- > 0;) {
        if (dotted_leads_through(&reading->overrides[i].path, place)) {
            return &reading->overrides[i];
        }
    }
    return NULL;
}

static const struct override *covering_override(const struct reading *reading,
                                                const struct place *place, const char *key)
{
    for (size_t i = reading->override_count; i-- > 0;) {
        if (dotted_covers(&reading->overrides[i].path, place, key)) {
            return &reading->overrides[i];
        }
    }
    return NULL;
}

static const struct override *blamed_override(const struct reading *reading,
                                              const struct place *place, const char *key)
{
    const struct override *override = covering_override(reading, place, key);
    const struct place below = {place, key, 0};
    if (override == NULL && key != NULL) {
        override = maker_of(reading, &below);
    }
    return override != NULL ? override : maker_of(reading, place);
}

const struct override *reading_override_of(const struct reading *reading, const struct place *place)
{
    size_t depth = 0;
    for (const struct place *at = place; at->parent != NULL; at = at->parent) {
        depth++;
    }
    const struct override *override = covering_override(reading, place, NULL);
    return override != NULL && override->path.count == depth ? override : NULL;
}

static const struct variation *blamed_variation(const struct reading *reading,
                                                const struct place *place, const char *key)
{
    for (size_t i = 0; i < reading->variation_count; i++) {
        if (dotted_covers(&reading->variations[i].path, place, key)) {
            return &reading->variations[i];
        }
    }
    return NULL;
}

static void print_position(struct buffer *out, const struct reading *reading,
                           const struct place *place, enum syntax_what what)
{
    unsigned line;
    unsigned column;
    size_t offset = syntax_locate(reading->text, reading->length, place, what, NULL);
    syntax_position(reading->text, reading->length, offset, &line, &column);
    buffer_printf(out, "%s:%u:%u: ", reading->file, line, column);
}

/* The override that is to blame, or a place of the file. */
static void print_source(struct buffer *out, const struct reading *reading,
                         const struct place *place, const char *key, enum syntax_what what)
{
    char quoted[READING_QUOTE];
    const struct override *override = blamed_override(reading, place, key);
    if (override != NULL) {
        const char *text = reading_quote(quoted, override->text);
        buffer_printf(out, "%s: --set %.*s: ", reading->file, (int)strlen(text) - 2, text + 1);
    } else {
        struct place below = {place, key, 0};
        print_position(out, reading, key != NULL ? &below : place, what);
    }
}

/* Where the message belongs; a value of the matrix says where it is put, too. */
static void print_origin(struct buffer *out, const struct reading *reading,
                         const struct place *place, const char *key, enum syntax_what what)
{
    const struct variation *variation = blamed_variation(reading, place, key);
    if (variation != NULL) {
        struct place root = {NULL, NULL, 0};
        struct place matrix = {&root, "matrix", 0};
        struct place name = {&matrix, variation->key, 0};
        struct place value = {&name, NULL, variation->index};
        print_source(out, reading, &value, NULL, SYNTAX_VALUE);
        buffer_puts(out, "at ");
        print_place(out, &value);
        buffer_puts(out, ": ");
    } else {
        print_source(out, reading, place, key, what);
    }
    buffer_puts(out, "at ");
    print_place(out, place);
    buffer_puts(out, ": ");
}

static int fail(struct reading *reading, const struct place *place, const char *key,
                enum syntax_what what, const char *format, va_list arguments)
{
    char message[MESSAGE];
    (void)vsnprintf(message, sizeof message, format, arguments);
    struct buffer out = {.ceiling = 8192};
    print_origin(&out, reading, place, key, what);
    buffer_puts(&out, message);
    (void)failure_set(reading->failure, FAILURE_USAGE, "%s", buffer_text(&out));
    buffer_clear(&out);
    return -1;
}

int reading_fail(struct reading *reading, const struct place *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fail(reading, place, NULL, SYNTAX_VALUE, format, arguments);
    va_end(arguments);
    return -1;
}

int reading_fail_key(struct reading *reading, const struct place *place, const char *key,
                     enum syntax_what what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fail(reading, place, key, what, format, arguments);
    va_end(arguments);
    return -1;
}

int reading_no_memory(struct reading *reading)
{
    return failure_set(reading->failure, FAILURE_ENVIRONMENT, "no memory to read %s",
                       reading->file);
}
