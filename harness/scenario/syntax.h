/* SPDX-License-Identifier: MIT
 *
 * JSON text before it is a tree: strict syntax with exact positions, and where in the text a value
 * of the tree stands. Trees keep no positions, so a position is looked up when a message needs it.
 */
#ifndef SCENARIO_SYNTAX_H
#define SCENARIO_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/** Deepest nesting of objects and arrays. Walks over a checked tree may recurse. */
#define SYNTAX_MAX_DEPTH 32U

/** Longest number: beyond it cJSON reads none. */
#define SYNTAX_MAX_NUMBER 63U

struct syntax_problem {
    size_t offset;    /**< of the byte that is wrong; the length of the text for its end */
    const char *text; /**< static: "expected `,` or `}`" */
};

/** Whether the text is one JSON value (RFC 8259), in UTF-8, without a zero character, with numbers
 *  of at most SYNTAX_MAX_NUMBER characters, nested no deeper than SYNTAX_MAX_DEPTH. 0, or -1 with
 * *problem. */
int syntax_check(const char *text, size_t length, struct syntax_problem *problem);

/** Whether the bytes are UTF-8 without control characters and zero bytes. */
bool syntax_is_plain_text(const char *text, size_t length);

/** Line and column (in characters), both from 1, of a byte. */
void syntax_position(const char *text, size_t length, size_t offset, unsigned *line,
                     unsigned *column);

/** Where a value stands in its tree: linked from the inside to the root. */
struct place {
    const struct place *parent; /**< NULL: the root, whose key and index mean nothing */
    const char *key;            /**< member of an object; NULL: item of an array */
    size_t index;               /**< item of an array */
};

enum syntax_what {
    SYNTAX_VALUE = 0,
    SYNTAX_KEY,     /**< the key of the place, not its value */
    SYNTAX_LAST_KEY /**< the same; of equal keys the last */
};

/** The offset of a place in a text that syntax_check accepts. A place that the text has not got
 *  gives its nearest parent that it has; *found (may be NULL) says which of both. */
size_t syntax_locate(const char *text, size_t length, const struct place *place,
                     enum syntax_what what, bool *found);

/** Part of a text; not ended by a zero byte. */
struct slice {
    const char *text;
    size_t length;
};

/** The length of the value that begins at text. */
size_t syntax_value_length(const char *text, size_t length);

/** Walks over the children of an object or array that syntax_check accepts: *child is the text of
 *  the first one's value where *at is 0, and of the next one with each further call. *at is moved
 *  on. Only for as many children as there are. */
void syntax_next_child(const struct slice *parent, size_t *at, struct slice *child);

#endif
