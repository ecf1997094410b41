/* SPDX-License-Identifier: MIT
 *
 * A number that a text decides: which trials die follows from their seeds.
 */
#ifndef TESTS_CLIENTS_SHARE_H
#define TESTS_CLIENTS_SHARE_H

#include <stdint.h>

/* Evenly in [0, 1), from any text (FNV-1a, then a mixer: near texts must lie far apart). */
static double share_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (double)((hash ^ (hash >> 32)) >> 11) * 0x1p-53;
}

#endif
