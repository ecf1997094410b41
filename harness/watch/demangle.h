/* SPDX-License-Identifier: MIT
 *
 * Names of C++ and of Rust's older scheme as people write them, and as sanitizers print them.
 */
#ifndef WATCH_DEMANGLE_H
#define WATCH_DEMANGLE_H

/** "net::Conn::take(long)" for "_ZN3net4Conn4takeEl", to be freed by the caller. NULL if the name
 * is not mangled, longer than some thousand bytes, or if there is no libstdc++.so.6 to ask: then
 * names stay as they are. */
char *demangle(const char *name);

#endif
