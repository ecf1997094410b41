/* SPDX-License-Identifier: MIT
 *
 * The options of a client library are its own: they reach it as their author wrote them. A tree
 * would not keep the text: of 9007199254740993 and 1.10 it knows only the doubles. So what stands
 * at client.options, or will be put there, is a raw node that holds its text.
 */
#ifndef SCENARIO_VERBATIM_H
#define SCENARIO_VERBATIM_H

#include "harness/scenario/dotted.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/** Makes raw nodes of the client's options in value, which was made from text (length bytes that
 *  syntax_check accepts) and belongs at path; an empty path is the scenario itself. The values that
 *  a matrix has for client.options and below are such, too. False without memory. */
bool verbatim_keep(cJSON *value, const struct dotted *path, const char *text, size_t length);

/** Makes a raw node the object or array of its text, so that one child can be replaced: the
 *  children are raw nodes. What is neither becomes an ordinary node. False without memory. */
bool verbatim_open(cJSON *raw);

/** A JSON text without the white space between its tokens; to be freed. NULL without memory. */
char *verbatim_line(const char *json);

/** Whether two JSON texts differ at most in white space. False without memory. */
bool verbatim_same(const char *one, const char *other);

#endif
