/* SPDX-License-Identifier: MIT
 *
 * A number that a text decides: which trials die follows from their seeds.
 */
#ifndef TESTS_CLIENTS_SHARE_H
#define TESTS_CLIENTS_SHARE_H

#include "client/eighth_client.h"

#include <stdint.h>

/* Evenly in [0, 1), from any text and salt (FNV-1a, then a mixer: near texts must lie far apart).
 */
static double share_of(const char *text, uint64_t salt)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + salt * UINT64_C(0x9e3779b97f4a7c15);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (double)((hash ^ (hash >> 32)) >> 11) * 0x1p-53;
}

/* The nonce, which derives from the trial's seed: the driver sends it as the last header. */
static const char *nonce_of(const struct eighth_request *request)
{
    return request->headers[request->header_count - 1].value;
}

#endif
