/* SPDX-License-Identifier: MIT
 *
 * What an external program is, before it is run: where it lies, and whether it was built with a
 * sanitizer, which decides how it can be watched.
 */
#ifndef PROGRAMS_BINARY_H
#define PROGRAMS_BINARY_H

#include "harness/base/failure.h"

#include <stdbool.h>
#include <stddef.h>

struct binary {
    bool native; /**< an ELF file: stacks can have names */
    bool leaks;  /**< built with AddressSanitizer or LeakSanitizer, which look for leaks: it must
                    not be traced at its end */
    bool fixed;  /**< built with ThreadSanitizer or MemorySanitizer: it wants fixed addresses */
};

/** Finds a program as execvp(3) does: a name in the search path (a list of folders), or a path.
 *  Fails with FAILURE_USAGE: there is none, or it cannot be executed. */
int binary_find(const char *program, const char *search, char *path, size_t capacity,
                struct failure *failure);

/** Adds to the failure what the errno value, with which execve(2) refused the file, means for it.
 */
void binary_explain(const char *path, int error, struct failure *failure);

/** Looks into the file. One that cannot be read is not native. */
void binary_look(const char *path, struct binary *binary);

#endif
