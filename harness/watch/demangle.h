/* SPDX-License-Identifier: MIT
 *
 * Names of C++ and Rust as people write them: of C++ and of Rust's older scheme as sanitizers print
 * them, of Rust's newer one ("v0") as Rust itself does.
 */
#ifndef WATCH_DEMANGLE_H
#define WATCH_DEMANGLE_H

/** "net::Conn::take(long)" for "_ZN3net4Conn4takeEl", "net::take" for "_RNvCs1_3net4take", to be
 *  freed by the caller. NULL if the name is not mangled, longer than some thousand bytes, mangled
 *  or not, or if there is no libstdc++.so.6 to ask: then names stay as they are. */
char *demangle(const char *name);

#endif
