/* SPDX-License-Identifier: MIT
 *
 * Whose frames are the client's own, in the stacks of an external program.
 */
#ifndef JUDGE_PROGRAM_MODULE_H
#define JUDGE_PROGRAM_MODULE_H

#include "harness/watch/stack.h"

/** The file name of the module that is the client, by what ran when the stacks were taken: not what
 *  was started, which may have been env(1) or a shell. An interpreter is none: there it is the
 *  module whose native code it had called, or one that no frame is in: what its script did is not
 *  seen. otherwise: when it is not known what ran. Valid as long as both are. */
const char *program_module(const struct thread_stacks *stacks, const char *otherwise);

#endif
