/* SPDX-License-Identifier: MIT
 *
 * What a program said before it aborted itself: the texts of glibc, of assertions and of the C++
 * runtime, found in its standard error.
 */
#ifndef WATCH_ABORT_TEXT_H
#define WATCH_ABORT_TEXT_H

#include "harness/watch/abort_caller.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum abort_kind {
    ABORT_NONE = 0,
    ABORT_HEAP_CORRUPTION, /**< malloc, free and the like found their structures damaged */
    ABORT_STACK_SMASHED,   /**< -fstack-protector */
    ABORT_BUFFER_OVERFLOW, /**< -D_FORTIFY_SOURCE */
    ABORT_ASSERTION,
    ABORT_EXCEPTION, /**< C++: not caught, or a call of a pure virtual function */
    ABORT_FATAL      /**< a library gave up in words of its own */
};

struct abort_text {
    enum abort_kind kind;
    char text[512];     /**< the message, one line, without what stood before it on its line */
    char file[256];     /**< of an assertion; "" unknown */
    uint32_t line;      /**< of an assertion; 0 unknown */
    char function[128]; /**< of an assertion; "" unknown */
};

/** Finds the last such message in a text, which need not end with a zero byte and may hold
 *  anything. Messages are known by their whole texts, and only those count that caller can have
 *  said: who called abort there by the stack. Without a stack (ABORT_BY_UNKNOWN) a message must
 * have a line of its own. False, and kind ABORT_NONE, if there is none. To be believed only of a
 * process that died of SIGABRT: programs may print the like for other reasons. */
bool abort_text_find(const char *text, size_t length, enum abort_caller caller,
                     struct abort_text *found);

/** "heap-corruption", "stack-smashed", "buffer-overflow", "assertion", "exception", "fatal",
 *  "none". */
const char *abort_kind_name(enum abort_kind kind);

#endif
