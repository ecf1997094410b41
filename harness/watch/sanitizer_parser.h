/* SPDX-License-Identifier: MIT
 *
 * What the parsers of the single sanitizers share: the place in the log, the report that is being
 * read, and its stack. Only for harness/watch/sanitizer_*.c and foreign_*.c.
 */
#ifndef WATCH_SANITIZER_PARSER_H
#define WATCH_SANITIZER_PARSER_H

#include "harness/watch/sanitizer_line.h"
#include "harness/watch/sanitizer_report.h"

struct sanitizer_parser {
    struct sanitizer_log *log;
    struct sanitizer_line line;
    bool reading;        /**< lines belong to the last report of the log */
    bool ended;          /**< its last words came; what still follows are extras */
    bool leaks;          /**< in the list of leaks that one summary ends */
    bool kind_guessed;   /**< the summary may know a better one */
    bool stack_open;     /**< frames belong to the last stack of that report */
    bool stack_optional; /**< it may stay empty: the log says that it could not be restored */
    uint32_t next_frame; /**< the number that the next frame must have */
    uint32_t first_open; /**< reports from here on have not seen their end */
    int64_t leaks_pid;
    bool leaks_mixed; /**< that list began before something else had ended */
};

/** The report that lines belong to, or NULL. Valid until the next report is begun. */
struct sanitizer_report *sanitizer_parser_report(struct sanitizer_parser *parser);

/** Begins a report at this line. What was still being read is damaged by that, and so is the new
 *  one. NULL: too many. title: the line's text that says it; blanks at its end are cut. */
struct sanitizer_report *sanitizer_parser_begin(struct sanitizer_parser *parser,
                                                enum sanitizer_tool tool, const char *title);

/** Opens a stack in the report; returns it for filling, or NULL. */
struct sanitizer_stack *sanitizer_parser_open(struct sanitizer_parser *parser, const char *role);

/** As sanitizer_parser_open, but a report has only one such stack: a second one is damage. */
struct sanitizer_stack *sanitizer_parser_open_once(struct sanitizer_parser *parser,
                                                   const char *role);

/** Closes the stack that is open, if any, and judges it. */
void sanitizer_parser_close_stack(struct sanitizer_parser *parser);

/** Damages all reports that have not seen their end: something else begins, or nothing comes. */
void sanitizer_parser_interrupt(struct sanitizer_parser *parser, const char *reason);

/** Ends all reports that are being read: their last words came. */
void sanitizer_parser_end(struct sanitizer_parser *parser);

/** Copies the thread that a header names after `word` ("T1", "main thread") to the stack. */
void sanitizer_parser_thread(struct sanitizer_stack *stack, const char *text);

/** Turns a phrase into a kind: lower case, what is no letter or digit becomes one '-'. Stops at
 *  end (exclusive; NULL: the whole phrase). */
void sanitizer_kind(char *kind, size_t size, const char *begin, const char *end);

/* Each looks at the parser's line, and returns true if it was one of its own. */
bool sanitizer_address_begins(struct sanitizer_parser *parser);
bool sanitizer_address_line(struct sanitizer_parser *parser, struct sanitizer_report *report);
bool sanitizer_thread_begins(struct sanitizer_parser *parser);
bool sanitizer_thread_line(struct sanitizer_parser *parser, struct sanitizer_report *report);
bool sanitizer_memory_begins(struct sanitizer_parser *parser);
bool sanitizer_memory_line(struct sanitizer_parser *parser, struct sanitizer_report *report);
bool sanitizer_undefined_begins(struct sanitizer_parser *parser);

#endif
