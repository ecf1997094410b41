/* SPDX-License-Identifier: MIT
 *
 * Command-line options from one table for each verb: parsing, help and suggestions are made from
 * it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "harness/base/buffer.h"
#include "harness/base/failure.h"

#include <stddef.h>

struct option_entry {
    const char *name;     /**< without the dashes */
    char letter;          /**< short form; 0: none */
    const char *argument; /**< what its value is called in help; NULL: it has none */
    const char *help;     /**< may hold line ends */
    /** Takes one occurrence. value is NULL without an argument; it outlives the parsing. 0, or -1
     *  with *failure. */
    int (*take)(void *context, const char *value, struct failure *failure);
};

struct verb_help {
    const char *verb;
    const char *usage; /**< "PATH... [options]" */
    const char *what;  /**< paragraphs */
    const char *examples;
    const struct option_entry *options;
    size_t option_count;
};

/** Parses arguments from argv[1] on. Options and other words may mix; "--" ends the options. The
 *  other words are moved to the front of argv, from argv[1] on, and *words says how many they are.
 *  Returns 0; 1 if --help or -h was there (nothing else was looked at); -1 with FAILURE_USAGE. */
int options_parse(const struct verb_help *help, int argc, char **argv, void *context, int *words,
                  struct failure *failure);

/** The whole help of a verb. */
void options_help(const struct verb_help *help, struct buffer *text);

/** A whole number from minimum to maximum; fails with FAILURE_USAGE. */
int options_number(const char *option, const char *text, unsigned long long minimum,
                   unsigned long long maximum, unsigned long long *value, struct failure *failure);

#endif
