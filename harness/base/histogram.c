/* SPDX-License-Identifier: MIT
 *
 * Maps durations to log-linear buckets and back.
 */
#include "harness/base/histogram.h"

#include <math.h>

#define SUB_COUNT (1U << HISTOGRAM_SUB_BITS)
/* Below the first octave a bucket is as wide as in it: 2^10 / 64 = 16 ns. */
#define LINEAR_SHIFT (HISTOGRAM_FIRST_OCTAVE - HISTOGRAM_SUB_BITS)

uint32_t histogram_bucket(uint64_t ns)
{
    if (ns < (UINT64_C(1) << HISTOGRAM_FIRST_OCTAVE)) {
        return (uint32_t)(ns >> LINEAR_SHIFT);
    }
    uint32_t octave = 63U - (uint32_t)__builtin_clzll(ns);
    if (octave >= HISTOGRAM_LAST_OCTAVE) {
        return HISTOGRAM_BUCKETS - 1;
    }
    uint32_t sub = (uint32_t)(ns >> (octave - HISTOGRAM_SUB_BITS)) - SUB_COUNT;
    return ((octave - HISTOGRAM_FIRST_OCTAVE + 1) << HISTOGRAM_SUB_BITS) + sub;
}

uint64_t histogram_upper_bound(uint32_t bucket)
{
    uint32_t group = bucket >> HISTOGRAM_SUB_BITS;
    uint64_t sub = bucket & (SUB_COUNT - 1);
    if (group == 0) {
        return ((sub + 1) << LINEAR_SHIFT) - 1;
    }
    uint32_t shift = group - 1 + HISTOGRAM_FIRST_OCTAVE - HISTOGRAM_SUB_BITS;
    return ((SUB_COUNT + sub + 1) << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t ns)
{
    histogram->buckets[histogram_bucket(ns)]++;
    histogram->count++;
    histogram->sum += ns;
    if (ns > histogram->maximum) {
        histogram->maximum = ns;
    }
}

void histogram_merge(struct histogram *target, const struct histogram *source)
{
    if (source->count == 0) {
        return; /* its pages may never have been touched: reading them would make them */
    }
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        target->buckets[i] += source->buckets[i];
    }
    target->count += source->count;
    target->sum += source->sum;
    if (source->maximum > target->maximum) {
        target->maximum = source->maximum;
    }
}

uint64_t histogram_quantile(const struct histogram *histogram, double q)
{
    if (histogram->count == 0) {
        return 0;
    }
    uint64_t rank = (uint64_t)ceil(q * (double)histogram->count);
    if (rank == 0) {
        rank = 1;
    }
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            uint64_t bound = histogram_upper_bound(i);
            return bound < histogram->maximum ? bound : histogram->maximum;
        }
    }
    return histogram->maximum;
}

double histogram_interpolate(const struct histogram *histogram, double q)
{
    double rank = q * (double)histogram->count;
    double seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double held = (double)histogram->buckets[i];
        if (held > 0 && seen + held >= rank) {
            double low = i > 0 ? (double)histogram_upper_bound(i - 1) + 1 : 0;
            double high = fmin((double)histogram_upper_bound(i) + 1, (double)histogram->maximum);
            return low + (high - low) * (rank - seen) / held;
        }
        seen += held;
    }
    return (double)histogram->maximum;
}
