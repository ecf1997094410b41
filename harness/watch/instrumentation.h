/* SPDX-License-Identifier: MIT
 *
 * Which sanitizer a shared library was built with.
 */
#ifndef WATCH_INSTRUMENTATION_H
#define WATCH_INSTRUMENTATION_H

struct instrumentation {
    const char *flavor; /**< whose worker it needs: "asan", "tsan"; NULL: any will do */
    const char *name;   /**< "AddressSanitizer"; NULL with flavor */
};

/** What the library at path needs: it refers to __asan_init or __tsan_init without having it. A
 *  file that cannot be read or is no ELF needs nothing: who loads it says what is wrong. (UBSan
 *  brings its runtime along.) */
struct instrumentation instrumentation_of(const char *path);

#endif
