/* SPDX-License-Identifier: MIT
 *
 * One record for each runtime that foreign_parse knows. Only for harness/watch/foreign_*.c.
 */
#ifndef WATCH_FOREIGN_RUNTIME_H
#define WATCH_FOREIGN_RUNTIME_H

#include "harness/watch/sanitizer_parser.h"

struct foreign_runtime {
    enum sanitizer_tool tool;
    /** Begins a report if the parser's line is the first of one: true then. */
    bool (*begins)(struct sanitizer_parser *parser);
    /** True if the line still belongs to the report. */
    bool (*line)(struct sanitizer_parser *parser, struct sanitizer_report *report);
    /** Called when no more lines belong to it: false if it is none after all, since what makes it
     *  one did not come. May be NULL: it is one. */
    bool (*ends)(struct sanitizer_parser *parser, struct sanitizer_report *report);
};

extern const struct foreign_runtime foreign_valgrind;
extern const struct foreign_runtime foreign_crystal;
extern const struct foreign_runtime foreign_go;
extern const struct foreign_runtime foreign_rust;
extern const struct foreign_runtime foreign_python;
extern const struct foreign_runtime foreign_java;
extern const struct foreign_runtime foreign_node;

/** Begins a report of that kind, with the line as its title. NULL: too many. */
struct sanitizer_report *foreign_begin(struct sanitizer_parser *parser, enum sanitizer_tool tool,
                                       const char *kind, const char *title);

/** Adds a frame to the stack that is open; opens "access" when none is. Texts are copied; NULL
 *  unknown. */
void foreign_add(struct sanitizer_parser *parser, const char *function, const char *file,
                 uint32_t line);

/** As foreign_add, for a frame of which more is known. */
void foreign_add_frame(struct sanitizer_parser *parser, const struct stack_frame *frame);

/** For ends: true if it has a stack. The words that begin it are used by others, too. */
bool foreign_has_stack(struct sanitizer_parser *parser, struct sanitizer_report *report);

/** Cuts ":LINE" or ":LINE:COLUMN" off the end of file (which is written to). */
void foreign_take_place(char *file, struct stack_frame *frame);

#endif
