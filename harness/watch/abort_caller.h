/* SPDX-License-Identifier: MIT
 *
 * Who called abort(3), by the stack of the thread that did: so that a line of the client's own log
 * is not taken for the last words of glibc.
 */
#ifndef WATCH_ABORT_CALLER_H
#define WATCH_ABORT_CALLER_H

#include "harness/watch/stack.h"

enum abort_caller {
    ABORT_BY_UNKNOWN = 0, /**< no stack, or it breaks off before it shows */
    ABORT_BY_LIBC,        /**< libc itself: malloc, the stack protector, fortified functions, ... */
    ABORT_BY_ASSERTION,   /**< libc's __assert_fail */
    ABORT_BY_LIBRARY,     /**< the C++ runtime or a library that gave up */
    ABORT_BY_CLIENT       /**< the client's own code; or nobody: the signal was only raised */
};

/** module: file name of the client's library; "" unknown. Relies on exported names and on module
 *  names alone: libc's own functions have no others without debug symbols. NULL: no stack. */
enum abort_caller abort_caller_of(const struct stack *stack, const char *module);

#endif
