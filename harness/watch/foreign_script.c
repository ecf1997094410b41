/* SPDX-License-Identifier: MIT
 *
 * Reads the last words of Python, Java and Node.
 */
#include "harness/watch/foreign_runtime.h"

#include <string.h>

/* ---- Python --------------------------------------------------------------------------------- */

static bool python_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    if (sanitizer_after(line, "Fatal Python error: ") != NULL) {
        (void)foreign_begin(parser, SANITIZER_PYTHON, "fatal-error", line);
        return true;
    }
    if (sanitizer_after(line, "Traceback (most recent call last):") != NULL) {
        (void)foreign_begin(parser, SANITIZER_PYTHON, "exception", line);
        return true;
    }
    return false;
}

/* Tracebacks are written outermost first. */
static void turn_around(struct stack *stack)
{
    for (uint32_t i = 0; i < stack->count / 2; i++) {
        struct stack_frame frame = stack->frames[i];
        stack->frames[i] = stack->frames[stack->count - 1 - i];
        stack->frames[stack->count - 1 - i] = frame;
    }
}

/* '  File "reader.py", line 12, in read' */
static bool take_python_frame(struct sanitizer_parser *parser, char *line)
{
    if (sanitizer_after(line, "  File \"") == NULL) {
        return false;
    }
    char *file = line + strlen("  File \"");
    char *quote = strchr(file, '"');
    uint64_t number = 0;
    const char *rest = sanitizer_after(quote, "\", line ");
    rest = sanitizer_number(rest, &number);
    if (rest == NULL || number > UINT32_MAX) {
        return false;
    }
    *quote = '\0';
    const char *name = sanitizer_past(rest, "in ");
    foreign_add(parser, name, file, (uint32_t)number);
    return true;
}

/* "Current thread 0x7f (most recent call first):", "Thread 0x7f (most recent call first):" */
static bool take_python_thread(struct sanitizer_parser *parser, const char *line)
{
    if (sanitizer_past(line, "(most recent call first):") == NULL) {
        return false;
    }
    bool current = sanitizer_after(line, "Current thread ") != NULL;
    struct sanitizer_stack *stack = sanitizer_parser_open(parser, current ? "access" : "thread");
    if (stack != NULL) {
        parser->stack_optional = true;
        const char *name = sanitizer_past(line, "hread ");
        name = name != NULL ? name : line;
        sanitizer_copy(stack->stack.name, sizeof(stack->stack.name), name,
                       name + strcspn(name, " "));
    }
    return true;
}

static bool python_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    char *line = parser->line.text;
    if (take_python_frame(parser, line)) {
        return true;
    }
    if (strcmp(report->kind, "fatal-error") == 0) {
        return take_python_thread(parser, line) || *line == '\0' ||
               sanitizer_after(line, "  ") != NULL ||
               sanitizer_after(line, "Python runtime state") != NULL ||
               sanitizer_after(line, "Extension modules") != NULL;
    }
    if (line[0] == ' ') {
        return true; /* source text, carets */
    }
    if (report->count == 0 || line[0] == '\0' || !parser->stack_open) {
        return false;
    }
    /* The last line says what it was. */
    turn_around(&report->stacks[report->count - 1].stack);
    sanitizer_parser_close_stack(parser);
    sanitizer_copy(report->title, sizeof(report->title), line, NULL);
    return true;
}

/* A traceback without its last line is cut off, and still the wrong way round. */
static bool python_ends(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    if (strcmp(report->kind, "exception") == 0 && parser->stack_open) {
        turn_around(&report->stacks[report->count - 1].stack);
        sanitizer_report_damage(report, "it is cut off");
    }
    return true;
}

const struct foreign_runtime foreign_python = {SANITIZER_PYTHON, python_begins, python_line,
                                               python_ends};

/* ---- Java ----------------------------------------------------------------------------------- */

static bool java_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    if (sanitizer_after(line, "# A fatal error has been detected by the Java Runtime") != NULL) {
        (void)foreign_begin(parser, SANITIZER_JAVA, "fatal-error", line + 2);
        return true;
    }
    if (sanitizer_after(line, "Exception in thread \"") != NULL) {
        (void)foreign_begin(parser, SANITIZER_JAVA, "exception", line);
        return true;
    }
    return false;
}

/* "C  [libssl.so.3+0x35493]  SSL_read+0x33", "V  [libjvm.so+0x8a]", "j  Main.crash()V+0" */
static bool take_native_frame(struct sanitizer_parser *parser, char *text)
{
    if (text[0] == '\0' || strchr("CVJjv", text[0]) == NULL ||
        sanitizer_after(text + 1, "  ") == NULL) {
        return false;
    }
    struct stack_frame frame = {.line = 0};
    char *rest = text + 3;
    if (*rest == '[') {
        char *end = strchr(rest, ']');
        char *plus = end != NULL ? strrchr(rest, '+') : NULL;
        if (end == NULL) {
            return false;
        }
        *end = '\0';
        frame.module = rest + 1;
        plus = strrchr(rest, '+');
        if (plus != NULL && sanitizer_number(plus + 1, &frame.module_address) != NULL) {
            *plus = '\0';
        }
        rest = end + 1 + strspn(end + 1, " ");
    }
    char *plus = strrchr(rest, '+');
    if (plus != NULL) {
        *plus = '\0';
    }
    frame.function = *rest != '\0' ? rest : NULL;
    foreign_add_frame(parser, &frame);
    return true;
}

/* "\tat package.Class.method(Class.java:12)" */
static bool take_java_frame(struct sanitizer_parser *parser, char *line)
{
    char *text = line + strspn(line, " \t");
    if (text == line || sanitizer_after(text, "at ") == NULL) {
        return false;
    }
    text += 3;
    struct stack_frame frame = {.line = 0};
    char *bracket = strrchr(text, '(');
    if (bracket != NULL) {
        *bracket = '\0';
        bracket[1 + strcspn(bracket + 1, ")")] = '\0';
        foreign_take_place(bracket + 1, &frame);
    }
    frame.function = text;
    foreign_add_frame(parser, &frame);
    return true;
}

static bool java_fatal_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    char *line = parser->line.text;
    if (line[0] != '#') {
        return false;
    }
    char *text = line + 1 + strspn(line + 1, " ");
    if (sanitizer_after(text, "SIG") != NULL || sanitizer_after(text, "Internal Error") != NULL) {
        sanitizer_copy(report->title, sizeof(report->title), text, NULL);
        uint64_t pid = 0;
        if (sanitizer_number(sanitizer_past(text, "pid="), &pid) != NULL && pid <= INT32_MAX) {
            report->pid = (int64_t)pid;
        }
        return true;
    }
    (void)take_native_frame(parser, text);
    return true;
}

static bool java_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    if (strcmp(report->kind, "fatal-error") == 0) {
        return java_fatal_line(parser, report);
    }
    char *line = parser->line.text;
    if (sanitizer_after(line, "Caused by: ") != NULL) {
        sanitizer_copy(report->object, sizeof(report->object), line, NULL);
        struct sanitizer_stack *stack = sanitizer_parser_open(parser, "cause");
        parser->stack_optional = stack != NULL;
        return true;
    }
    bool more = line[0] == '\t' && sanitizer_after(line + 1, "... ") != NULL;
    return more || take_java_frame(parser, line);
}

const struct foreign_runtime foreign_java = {SANITIZER_JAVA, java_begins, java_line, NULL};

/* ---- Node ----------------------------------------------------------------------------------- */

static bool node_begins(struct sanitizer_parser *parser)
{
    const char *line = parser->line.text;
    if (sanitizer_after(line, "FATAL ERROR: ") != NULL) {
        (void)foreign_begin(parser, SANITIZER_NODE, "fatal-error", line);
        return true;
    }
    /* "TypeError: ...", "Uncaught Error: ...": a word that ends so, at the line's beginning. */
    const char *word = sanitizer_after(line, "Uncaught ");
    word = word != NULL ? word : line;
    size_t length =
        strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.");
    bool named = length >= 5 && strncmp(word + length - 5, "Error", 5) == 0 &&
                 (word[length] == ':' || word[length] == '\0' ||
                  sanitizer_after(word + length, " [") != NULL);
    if (named) {
        (void)foreign_begin(parser, SANITIZER_NODE, "exception", line);
    }
    return named;
}

/* " 1: 0xb7 node::Abort() [node]" */
static bool take_numbered_frame(struct sanitizer_parser *parser, char *line)
{
    uint64_t number = 0;
    struct stack_frame frame = {.line = 0};
    char *text = line + strspn(line, " ");
    const char *rest = sanitizer_after(sanitizer_number(text, &number), ": ");
    rest =
        rest != NULL && rest[0] == '0' && rest[1] == 'x' ? sanitizer_number(rest, &frame.pc) : NULL;
    if (rest == NULL) {
        return false;
    }
    char *name = text + (rest - text);
    name += strspn(name, " ");
    char *module = strrchr(name, '[');
    if (module != NULL && module != name && module[-1] == ' ') {
        module[-1] = '\0';
        module[1 + strcspn(module + 1, "]")] = '\0';
        frame.module = module + 1;
    }
    frame.function = *name != '\0' ? name : NULL;
    foreign_add_frame(parser, &frame);
    return true;
}

/* "    at async read (/srv/reader.js:12:3)", "    at /srv/reader.js:12:3" */
static bool take_node_frame(struct sanitizer_parser *parser, char *line)
{
    if (sanitizer_after(line, "    at ") == NULL) {
        return false;
    }
    char *text = line + strlen("    at ");
    text += sanitizer_after(text, "async ") != NULL ? strlen("async ") : 0;
    struct stack_frame frame = {.line = 0};
    size_t length = strlen(text);
    char *bracket = strstr(text, " (");
    if (bracket != NULL && text[length - 1] == ')') {
        text[length - 1] = '\0';
        *bracket = '\0';
        frame.function = text;
        text = bracket + 2;
    }
    foreign_take_place(text, &frame);
    foreign_add_frame(parser, &frame);
    return true;
}

static bool node_line(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    char *line = parser->line.text;
    if (strcmp(report->kind, "fatal-error") == 0) {
        return take_numbered_frame(parser, line) || sanitizer_after(line, "----- ") != NULL ||
               *line == '\0';
    }
    return take_node_frame(parser, line);
}

/* Many programs begin a line with "Error:". */
static bool node_ends(struct sanitizer_parser *parser, struct sanitizer_report *report)
{
    return strcmp(report->kind, "fatal-error") == 0 || foreign_has_stack(parser, report);
}

const struct foreign_runtime foreign_node = {SANITIZER_NODE, node_begins, node_line, node_ends};
