/* SPDX-License-Identifier: MIT
 *
 * Whose a frame is: the three lists of the signatures.
 *
 * Names decide only together with where they are: a client's own function may be called "pool_get",
 * "abort_all" or "free_connection". Lists hold exact names; only the reserved beginnings of
 * libraries' public names ("SSL_", "nghttp2_") and of sanitizers' runtimes stand for many.
 */
#ifndef JUDGE_SIGNATURE_CLASS_H
#define JUDGE_SIGNATURE_CLASS_H

#include "harness/watch/stack.h"

#include <stdbool.h>
#include <stddef.h>

enum signature_class {
    SIGNATURE_SENTINEL = 0, /**< begins a thread or the program, or is eighth's own driver */
    SIGNATURE_IRRELEVANT,   /**< machinery of aborting, of sanitizers; headers of C++ */
    SIGNATURE_LIBRARY,      /**< a call into a library: kept, part of the key */
    SIGNATURE_BUILTIN, /**< a call that compilers make, drop or replace: kept, not in the key */
    SIGNATURE_MAIN,    /**< of an unknown module: ends the search; the last resort when nothing else
                          is there. main of a module that is the client's is a frame as others */
    SIGNATURE_UNNAMED, /**< the client's own, or nobody knows whose, without a name */
    SIGNATURE_CLIENT
};

/** Classifies a frame and writes its normal name to name (size bytes; "" when it has none).
 *  modules: file names of the client's own modules, count 0: unknown. */
enum signature_class signature_classify(const struct stack_frame *frame, const char *const *modules,
                                        size_t count, char *name, size_t size);

/** True if the module, a path, is the C library's own, or the kernel's vdso. */
bool signature_is_libc(const char *module);

/** True if name is a wrapper around the call inner: that name with nothing but a customary mark
 *  before it ("xfree", "my_malloc", "safe_memcpy", "wrap_SSL_read"). */
bool signature_wraps(const char *name, const char *inner);

/** True if a function of that name is one of the C library's or C++'s that make or free memory. */
bool signature_is_allocator(const char *function);

/** True if that file, by its name, holds C++ and nothing else. */
bool signature_is_cxx(const char *file);

/** The part of a path after its last '/'. */
const char *signature_file_name(const char *path);

#endif
