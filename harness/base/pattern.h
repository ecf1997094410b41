/* SPDX-License-Identifier: MIT
 *
 * The bytes of generated bodies: byte i is (i * 31 + 7) modulo 256, counted from the beginning of
 * the body. The target sends them (/bytes/N, /drip/N/MS); whoever receives them can check each
 * byte by its place alone, so a piece that is lost, doubled or foreign shows.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint8_t pattern_byte(uint64_t i)
{
    return (uint8_t)(i * 31 + 7);
}

/** Writes the bytes [offset, offset + length) of the pattern. */
static inline void pattern_fill(void *bytes, uint64_t offset, size_t length)
{
    uint8_t *out = (uint8_t *)bytes;
    uint8_t next = pattern_byte(offset);
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(next + (uint8_t)(i * 31));
    }
}

/** Whether bytes are the bytes [offset, offset + length) of the pattern. */
static inline bool pattern_matches(const void *bytes, uint64_t offset, size_t length)
{
    const uint8_t *in = (const uint8_t *)bytes;
    for (size_t i = 0; i < length; i++) {
        if (in[i] != pattern_byte(offset + i)) {
            return false;
        }
    }
    return true;
}

#endif
