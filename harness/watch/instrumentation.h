/* SPDX-License-Identifier: MIT
 *
 * Which sanitizer a shared library, or one of those that it needs, was built with.
 */
#ifndef WATCH_INSTRUMENTATION_H
#define WATCH_INSTRUMENTATION_H

#include "harness/base/failure.h"

#include <stdbool.h>

struct instrumentation {
    const char *flavor; /**< whose worker it needs: "asan", "tsan"; NULL: any will do */
    const char *name;   /**< "AddressSanitizer"; NULL with flavor */
    char where[1400]; /**< "/lib/libfoo.so, which client.so needs,"; "" it is the library itself */
    bool undefined;   /**< UBSan too, or alone: its runtime comes with the library */
};

/** What the library at path and all that the loader would load with it (dependencies.h) need when
 *  that worker loads them: a file refers to __asan_init or __tsan_init without having it; and
 *  whether one calls UBSan's handlers (__ubsan_handle_...), which it may bring along. A file that
 *  cannot be read or is no ELF needs nothing: who loads it says what is wrong. Fails with
 *  FAILURE_USAGE: they need what no worker can have, which is MemorySanitizer, gcc's
 *  LeakSanitizer alone, or AddressSanitizer and ThreadSanitizer both. */
int instrumentation_of(const char *path, const char *worker, struct instrumentation *found,
                       struct failure *failure);

#endif
