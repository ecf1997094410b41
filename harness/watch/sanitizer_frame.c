/* SPDX-License-Identifier: MIT
 *
 * Takes a frame apart from its end, since a C++ name may hold anything that could end it.
 */
#include "harness/watch/sanitizer_frame.h"
#include "harness/watch/sanitizer_line.h"

#include <string.h>

bool sanitizer_frame_is(const char *line)
{
    const char *text = sanitizer_trim(line);
    return text[0] == '#' && text[1] >= '0' && text[1] <= '9';
}

static char *cut_blanks(char *text)
{
    size_t length = strlen(text);
    while (length != 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        text[--length] = '\0';
    }
    return text + length;
}

/* Cuts "(...)" off the end of text, brackets in it included, and gives what was inside; NULL if
 * text does not end so. */
static char *cut_brackets(char *text)
{
    char *end = cut_blanks(text);
    if (end == text || end[-1] != ')') {
        return NULL;
    }
    int depth = 0;
    for (char *at = end - 1; at >= text; at--) {
        depth += *at == ')' ? 1 : *at == '(' ? -1 : 0;
        if (depth == 0) {
            /* A bracket that follows a name without a blank is a list of parameters. */
            if (at != text && at[-1] != ' ') {
                return NULL;
            }
            end[-1] = '\0';
            *at = '\0';
            return at + 1;
        }
    }
    return NULL;
}

static void take_build_id(const char *inside, struct stack_frame *frame)
{
    size_t length = strspn(inside, "0123456789abcdef");
    if (inside[length] == '\0' && length != 0 && length < sizeof(frame->build_id)) {
        sanitizer_copy(frame->build_id, sizeof(frame->build_id), inside, NULL);
    }
}

/* "MODULE+0x12": true if it is one. */
static bool take_module(char *inside, struct stack_frame *frame)
{
    char *plus = strrchr(inside, '+');
    if (plus == NULL || plus == inside) {
        return false;
    }
    const char *end = sanitizer_number(plus + 1, &frame->module_address);
    if (end == NULL || *end != '\0' || plus[1] != '0' || plus[2] != 'x') {
        frame->module_address = 0;
        return false;
    }
    *plus = '\0';
    frame->module = inside;
    return true;
}

/* "0xced7fe22a55e66ff": in the place of a module, the address that belongs to none. */
static bool is_nowhere(const char *inside)
{
    uint64_t address;
    const char *end = sanitizer_number(inside, &address);
    return sanitizer_after(inside, "0x") != NULL && end != NULL && *end == '\0';
}

static void take_places(char *text, struct stack_frame *frame)
{
    for (int i = 0; i < 2; i++) {
        char *inside = cut_brackets(text);
        if (inside == NULL) {
            return;
        }
        const char *build_id = sanitizer_after(inside, "BuildId: ");
        if (build_id != NULL) {
            take_build_id(build_id, frame);
        } else if (strcmp(inside, "<unknown module>") == 0 || is_nowhere(inside) ||
                   take_module(inside, frame)) {
            return;
        } else { /* It belonged to the name: give it back. */
            inside[-1] = '(';
            inside[strlen(inside)] = ')';
            return;
        }
    }
}

/* Cuts ":NUMBER" off the end; 0 if there is none. */
static uint32_t cut_number(char *file)
{
    char *colon = strrchr(file, ':');
    uint64_t number = 0;
    const char *end = colon != NULL && colon != file ? sanitizer_number(colon + 1, &number) : NULL;
    if (end == NULL || *end != '\0' || number > UINT32_MAX) {
        return 0;
    }
    *colon = '\0';
    return (uint32_t)number;
}

static bool is_file(const char *word)
{
    return strpbrk(word, "()<>*&,") == NULL && strpbrk(word, "./:") != NULL;
}

/* Where the file begins in "FUNCTION FILE:LINE": the first blank outside all brackets that a '/'
 * follows, or else the last blank with something behind it that looks like a file. NULL: no file.
 */
static char *find_file(char *text)
{
    int depth = 0;
    for (char *at = text; *at != '\0'; at++) {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        if (*at == ' ' && at[1] == '/' && depth == 0) {
            return at;
        }
    }
    char *blank = strrchr(text, ' ');
    return blank != NULL && (strcmp(blank, " <null>") == 0 || is_file(blank + 1)) ? blank : NULL;
}

static void take_name(char *text, struct stack_frame *frame)
{
    char *blank = find_file(text);
    if (blank != NULL) {
        *blank = '\0';
        cut_blanks(text);
        char *file = blank + 1;
        uint32_t last = cut_number(file);
        uint32_t before = last != 0 ? cut_number(file) : 0;
        frame->line = before != 0 ? before : last;
        frame->column = before != 0 ? last : 0;
        frame->file = strcmp(file, "<null>") == 0 || *file == '\0' ? NULL : file;
    }
    bool unknown = *text == '\0' || strcmp(text, "<null>") == 0 || strcmp(text, "<unknown>") == 0 ||
                   strcmp(text, "??") == 0;
    frame->function = unknown ? NULL : text;
}

int sanitizer_frame_parse(char *line, uint32_t *number, struct stack_frame *frame)
{
    memset(frame, 0, sizeof(*frame));
    char *text = line + strspn(line, " \t");
    uint64_t value = 0;
    const char *rest = *text == '#' ? sanitizer_number(text + 1, &value) : NULL;
    if (rest == NULL || *rest != ' ' || value > UINT32_MAX) {
        return -1;
    }
    *number = (uint32_t)value;
    text += rest - text;
    text += strspn(text, " ");
    bool has_pc = text[0] == '0' && text[1] == 'x';
    if (has_pc) {
        rest = sanitizer_number(text, &frame->pc);
        if (rest == NULL || (*rest != ' ' && *rest != '\0')) {
            return -1;
        }
        text += rest - text;
        text += strspn(text, " ");
        text += sanitizer_after(text, "in ") != NULL ? 3 : 0;
    }
    if (*text == '\0') {
        return has_pc ? 0 : -1;
    }
    take_places(text, frame);
    cut_blanks(text);
    take_name(text, frame);
    frame->exact = *number == 0;
    return 0;
}
