/* SPDX-License-Identifier: MIT
 *
 * Names of functions as two compilers, two levels of optimisation and two symbolizers agree on
 * them.
 */
#ifndef JUDGE_SIGNATURE_NAME_H
#define JUDGE_SIGNATURE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/** Writes the normal form of function to name (size bytes): without what compilers append to
 *  copies (".constprop.0", ".isra.1", ".part.2", ".cold", ".lto_priv.3", " [clone ...]"), without
 *  parameters, with template arguments, with one way of setting blanks, and with one name for the
 *  library's inner namespaces. Too long a name is cut and ends in a hash of the whole. */
void signature_name(const char *function, char *name, size_t size);

/** For functions of the C library and of sanitizers' interceptors: the public name of an inner one
 *  ("__GI___libc_free", "__interceptor_free", "__memcpy_avx_unaligned_erms", "__read_chk"). */
void signature_name_libc(const char *function, char *name, size_t size);

/** The last part of a qualified name without template arguments: "ns::Table<int>::take" -> "take".
 *  What gcc's sanitizers write for the whole. */
void signature_name_bare(const char *normal, char *name, size_t size);

#endif
