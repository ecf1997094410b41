/* SPDX-License-Identifier: MIT
 *
 * Moments of the descriptor log, in words.
 */
#ifndef JUDGE_MOMENT_H
#define JUDGE_MOMENT_H

#include "harness/base/buffer.h"
#include "harness/base/descriptor_log.h"
#include "harness/watch/stack.h"

/** Adds "by thread 12 in close of instance 3 (connection 4)". */
void moment_tell_actor(const struct descriptor_moment *moment, struct buffer *text);

/** Adds " in free (client frame h2_release)"; nothing for an empty stack. module: file name of the
 *  client's library; "" unknown. */
void moment_add_site(const struct stack *stack, const char *module, struct buffer *text);

#endif
