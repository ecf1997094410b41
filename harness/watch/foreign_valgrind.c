/* SPDX-License-Identifier: MIT
 *
 * Reads what valgrind's memcheck writes: "==PID== " before every line.
 */
#include "harness/watch/foreign_runtime.h"

#include <string.h>

/* What follows "==PID== ", or NULL. */
static char *text_of(char *line, int64_t *pid)
{
    uint64_t number = 0;
    const char *rest = sanitizer_number(sanitizer_after(line, "=="), &number);
    rest = sanitizer_after(rest, "== ");
    *pid = rest != NULL && number <= INT32_MAX ? (int64_t)number : 0;
    return rest != NULL ? line + (rest - line) : NULL;
}

static const struct {
    const char *text;
    const char *kind;
    enum sanitizer_access access;
} beginnings[] = {
    {"Invalid read of size ", "invalid-read", SANITIZER_READ},
    {"Invalid write of size ", "invalid-write", SANITIZER_WRITE},
    {"Invalid free() / delete", "invalid-free", SANITIZER_NO_ACCESS},
    {"Mismatched ", "mismatched-free", SANITIZER_NO_ACCESS},
    {"Conditional jump or move depends on uninit", "uninitialised-value", SANITIZER_NO_ACCESS},
    {"Use of uninitialised value", "uninitialised-value", SANITIZER_NO_ACCESS},
    {"Syscall param ", "syscall-param", SANITIZER_NO_ACCESS},
    {"Source and destination overlap", "overlap", SANITIZER_NO_ACCESS},
    {"Argument '", "fishy-argument", SANITIZER_NO_ACCESS},
    {"Jump to the invalid address", "invalid-jump", SANITIZER_NO_ACCESS},
    {"Process terminating with default action of signal ", "terminating", SANITIZER_NO_ACCESS},
};

static bool begin_leak(struct sanitizer_parser *parser, const char *text, int64_t pid)
{
    static const char *const kinds[] = {"definitely lost", "indirectly lost", "possibly lost",
                                        "still reachable"};
    uint64_t bytes = 0;
    const char *rest = sanitizer_number(text, &bytes);
    rest = sanitizer_past(rest, "bytes in ");
    uint64_t blocks = 0;
    rest = sanitizer_number(rest, &blocks);
    rest = rest != NULL ? sanitizer_past(rest, " blocks are ") : NULL;
    for (size_t i = 0; rest != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (sanitizer_after(rest, kinds[i]) == NULL ||
            sanitizer_past(rest, "in loss record") == NULL) {
            continue;
        }
        char kind[32];
        sanitizer_kind(kind, sizeof(kind), kinds[i], NULL);
        struct sanitizer_report *report = foreign_begin(parser, SANITIZER_VALGRIND, kind, text);
        if (report != NULL) {
            report->bytes = bytes;
            report->blocks = blocks;
            report->pid = pid;
            (void)sanitizer_parser_open(parser, "alloc");
        }
        return true;
    }
    return false;
}

static bool valgrind_begins(struct sanitizer_parser *parser)
{
    int64_t pid;
    const char *text = text_of(parser->line.text, &pid);
    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (sanitizer_after(text, beginnings[i].text) == NULL) {
            continue;
        }
        struct sanitizer_report *report =
            foreign_begin(parser, SANITIZER_VALGRIND, beginnings[i].kind, text);
        if (report != NULL) {
            report->pid = pid;
            report->access = beginnings[i].access;
            (void)sanitizer_number(sanitizer_past(text, " of size "), &report->size);
        }
        return true;
    }
    return begin_leak(parser, text, pid);
}

/* "at 0x109159: function (file.c:7)", "by 0x48: ??? (in /usr/lib/libssl.so.3)" */
static bool take_frame(struct sanitizer_parser *parser, char *text)
{
    const char *address = sanitizer_after(text, "at ");
    address = address != NULL ? address : sanitizer_after(text, "by ");
    struct stack_frame frame = {.line = 0};
    const char *rest = sanitizer_after(sanitizer_number(address, &frame.pc), ": ");
    if (rest == NULL) {
        return false;
    }
    char *name = text + (rest - text);
    size_t length = strlen(name);
    char *bracket = strrchr(name, '(');
    if (bracket != NULL && bracket != name && bracket[-1] == ' ' && name[length - 1] == ')') {
        name[length - 1] = '\0';
        bracket[-1] = '\0';
        if (sanitizer_after(bracket + 1, "in ") != NULL) {
            frame.module = bracket + 4;
        } else {
            foreign_take_place(bracket + 1, &frame);
        }
    }
    frame.function = strcmp(name, "???") != 0 ? name : NULL;
    foreign_add_frame(parser, &frame);
    return true;
}

/* "Address 0x4a is 0 bytes inside a block of size 16 free'd", "Block was alloc'd at" */
static bool take_object(struct sanitizer_parser *parser, struct sanitizer_report *report,
                        const char *text)
{
    if (sanitizer_after(text, "Block was alloc'd at") != NULL) {
        (void)sanitizer_parser_open_once(parser, "alloc");
        return true;
    }
    const char *address = sanitizer_after(text, "Address ");
    if (address == NULL) {
        return false;
    }
    report->has_address = sanitizer_number(address, &report->address) != NULL;
    sanitizer_copy(report->object, sizeof(report->object), text, NULL);
    if (sanitizer_past(text, "free'd") != NULL) {
        (void)sanitizer_parser_open_once(parser, "free");
    } else if (sanitizer_past(text, "alloc'd") != NULL) {
        (void)sanitizer_parser_open_once(parser, "alloc");
    } else {
        sanitizer_parser_close_stack(parser);
    }
    return true;
}

static bool valgrind_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    int64_t pid;
    char *text = text_of(parser->line.text, &pid);
    if (text == NULL || *text != ' ') {
        return false; /* An empty line, or the next report. */
    }
    if (pid != report->pid) {
        sanitizer_report_damage(report, "another process writes in it");
        return false;
    }
    text += strspn(text, " ");
    return take_frame(parser, text) || take_object(parser, report, text) || *text != '\0';
}

const struct foreign_runtime foreign_valgrind = {SANITIZER_VALGRIND, valgrind_begins, valgrind_line,
                                                 NULL};
