/* SPDX-License-Identifier: MIT
 *
 * Choices without state. Every choice of the harness (a jitter, a thread to migrate to, a fault, a
 * nonce) is a pseudo-random function of the seed and of *what* is being chosen, never of *when*:
 * the same seed gives the same choices whatever the timing of the threads.
 *
 * The mixer is the finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
 * number generators", OOPSLA 2014), applied once for each word of the key.
 */
#ifndef BASE_PRF_H
#define BASE_PRF_H

#include <stdint.h>

/** What is chosen; keeps choices with equal numbers apart. */
enum prf_domain {
    PRF_NONCE = 1,
    PRF_MIGRATE,
    PRF_JITTER,
    PRF_FAULT,
    PRF_REFUSE,
    PRF_BODY,
    PRF_TRIAL,
    PRF_STAGGER,
    PRF_TURN,    /**< which side of a comparison begins */
    PRF_PADDING, /**< of an environment */
    PRF_PROGRAM  /**< the seed that a process of an external program gets */
};

static inline uint64_t prf_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/** 64 uniform bits for the key (seed, domain, a, b, c). */
static inline uint64_t prf(uint64_t seed, enum prf_domain domain, uint64_t a, uint64_t b,
                           uint64_t c)
{
    uint64_t x = prf_mix(seed ^ ((uint64_t)domain << 56));
    x = prf_mix(x ^ a);
    x = prf_mix(x ^ b);
    return prf_mix(x ^ c);
}

/** A number in [0, bound) from 64 uniform bits; 0 if bound is 0. (Lemire 2019, without the
 *  rejection: the bias is below bound / 2^64.) */
static inline uint64_t prf_below(uint64_t bits, uint64_t bound)
{
    return (uint64_t)(((__uint128_t)bits * bound) >> 64);
}

/** A number in [0, 1) from 64 uniform bits. */
static inline double prf_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

#endif
