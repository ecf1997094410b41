/* SPDX-License-Identifier: MIT
 *
 * Latency histograms with bounded relative error, mergeable by addition.
 *
 * Log-linear buckets: each power of two of nanoseconds from 2^10 (about 1 us) to 2^40 (about 18
 * minutes) is cut into 64 equal parts, so a quantile is off by at most 1/64 of its value. Smaller
 * values fall into one linear range, larger ones into the last bucket. (The scheme of HdrHistogram,
 * G. Tene.)
 *
 * Plain data without pointers: it lives in shared memory and outlives its process. One writer;
 * readers see whole 64-bit words and may be behind by some counts.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_FIRST_OCTAVE 10
#define HISTOGRAM_LAST_OCTAVE 40
/** 64 linear buckets below 2^10, then 64 for each octave. */
#define HISTOGRAM_BUCKETS \
    (((HISTOGRAM_LAST_OCTAVE - HISTOGRAM_FIRST_OCTAVE) + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count;   /**< of all values */
    uint64_t sum;     /**< ns */
    uint64_t maximum; /**< ns, exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/** The bucket that a value of ns falls into, below HISTOGRAM_BUCKETS. */
uint32_t histogram_bucket(uint64_t ns);

/** The largest value, in ns, that falls into the bucket. */
uint64_t histogram_upper_bound(uint32_t bucket);

/** Adds one value. */
void histogram_record(struct histogram *histogram, uint64_t ns);

/** Adds all of source to target. */
void histogram_merge(struct histogram *target, const struct histogram *source);

/** The smallest bucket bound, in ns, that at least the share q (0 to 1) of the values do not
 *  exceed, never above the maximum; 0 if there are no values. */
uint64_t histogram_quantile(const struct histogram *histogram, double q);

/** The same, in ns, by linear interpolation within the bucket: for comparing two histograms, whose
 *  quantiles else differ by whole buckets or not at all. 0 if there are no values. */
double histogram_interpolate(const struct histogram *histogram, double q);

#endif
