/* SPDX-License-Identifier: MIT
 *
 * One module's file, opened for looking up names. For stacks_symbols.c alone.
 */
#ifndef WATCH_STACKS_FILE_H
#define WATCH_STACKS_FILE_H

#include "harness/watch/stack.h"
#include "harness/watch/stacks_modules.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <sys/stat.h>

struct stacks_file {
    char *path;
    char build_id[41];
    struct stat status; /**< when it was opened */
    uint64_t low;       /**< address, as the file counts, of its first loaded page */
    Dwfl *dwfl;
    Dwfl_Module *module; /**< NULL: the file cannot be read; only its path is known */
};

/** Opens what the module names; what cannot be read leaves module NULL. -1 without memory. */
int stacks_file_open(struct stacks_file *file, const struct stacks_module *module);

void stacks_file_close(struct stacks_file *file);

/** Does the path still lead to what was opened? */
bool stacks_file_fresh(const struct stacks_file *file);

/** Adds the frames of the address (as the file counts) to *stack, inlined ones first, with all but
 *  pc and exact filled in. */
void stacks_file_frames(struct stacks_file *file, uint64_t address, struct stack *stack);

#endif
