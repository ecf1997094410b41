/* SPDX-License-Identifier: MIT
 *
 * What si_code says about a signal.
 */
#ifndef JUDGE_SIGNAL_WORDS_H
#define JUDGE_SIGNAL_WORDS_H

#include "harness/base/buffer.h"
#include "harness/watch/stack.h"

/** "SEGV_MAPERR", "SI_TKILL", ...; "" for one without a name here. */
const char *signal_words_code(int number, int code);

/** Adds "nothing is mapped at 0x10", "sent by process 4711 to itself", ...; nothing where the code
 *  tells nothing. pid: of the process that died. */
void signal_words_cause(const struct stack_signal *signal, int32_t pid, struct buffer *text);

#endif
