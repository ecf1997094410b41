/* SPDX-License-Identifier: MIT
 *
 * Reads Crystal's reports.
 */
#include "harness/watch/foreign_runtime.h"

#include <string.h>

static bool crystal_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    const char *address = sanitizer_after(line, "Invalid memory access (signal ");
    if (address != NULL) {
        struct sanitizer_report *report =
            foreign_begin(parser, SANITIZER_CRYSTAL, "invalid-memory-access", line);
        if (report != NULL) {
            report->has_address =
                sanitizer_number(sanitizer_past(address, "at address "), &report->address) != NULL;
        }
        return true;
    }
    if (sanitizer_after(line, "Stack overflow (e.g., infinite or very deep recursion)") != NULL) {
        (void)foreign_begin(parser, SANITIZER_CRYSTAL, "stack-overflow", line);
        return true;
    }
    if (sanitizer_after(line, "Unhandled exception: ") != NULL ||
        sanitizer_after(line, "Unhandled exception in ") != NULL) {
        (void)foreign_begin(parser, SANITIZER_CRYSTAL, "unhandled-exception", line);
        return true;
    }
    return false;
}

/* "[0x55d5] *Class#method<Int32>:Nil +118 in ./program" */
static bool take_address_frame(struct sanitizer_parser *parser, char *text)
{
    struct stack_frame frame = {.line = 0};
    const char *rest = sanitizer_number(sanitizer_after(text, "["), &frame.pc);
    if (rest == NULL || sanitizer_after(rest, "] ") == NULL) {
        return false;
    }
    char *name = text + (rest + 2 - text);
    char *module = strstr(name, " in ");
    if (module != NULL) {
        *module = '\0';
        frame.module = module + 4;
    }
    char *plus = strrchr(name, '+');
    if (plus != NULL && plus != name && plus[-1] == ' ') {
        (void)sanitizer_number(plus + 1, &frame.offset);
        plus[-1] = '\0';
    }
    name += *name == '*';
    frame.function = strcmp(name, "??") != 0 && strcmp(name, "???") != 0 ? name : NULL;
    foreign_add_frame(parser, &frame);
    return true;
}

/* "  from src/reader.cr:12:3 in 'read'" */
static bool take_from_frame(struct sanitizer_parser *parser, char *text)
{
    struct stack_frame frame = {.line = 0};
    if (sanitizer_after(text, "from ") == NULL) {
        return false;
    }
    char *file = text + strlen("from ");
    char *name = strstr(file, " in '");
    if (name != NULL) {
        *name = '\0';
        name += strlen(" in '");
        name[strcspn(name, "'")] = '\0';
        frame.function = name;
    }
    foreign_take_place(file, &frame);
    if (frame.file != NULL && strcmp(frame.file, "???") == 0) {
        frame.file = NULL;
    }
    foreign_add_frame(parser, &frame);
    return true;
}

static bool crystal_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    (void)report;
    char *text = parser->line.text;
    text += strspn(text, " \t");
    return take_address_frame(parser, text) || take_from_frame(parser, text);
}

const struct foreign_runtime foreign_crystal = {SANITIZER_CRYSTAL, crystal_begins, crystal_line,
                                                NULL};
