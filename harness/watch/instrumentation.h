/* SPDX-License-Identifier: MIT
 *
 * Which sanitizer a shared library was built with.
 */
#ifndef WATCH_INSTRUMENTATION_H
#define WATCH_INSTRUMENTATION_H

#include <stdbool.h>

struct instrumentation {
    const char *flavor; /**< whose worker it needs: "asan", "tsan"; NULL: any will do */
    const char *name;   /**< "AddressSanitizer"; NULL with flavor */
    bool undefined;     /**< UBSan too, or alone: its runtime comes with the library */
};

/** What the library at path needs: it refers to __asan_init or __tsan_init without having it; and
 *  whether it calls UBSan's handlers (__ubsan_handle_...), which it may bring along. A file that
 *  cannot be read or is no ELF needs nothing: who loads it says what is wrong. */
struct instrumentation instrumentation_of(const char *path);

#endif
