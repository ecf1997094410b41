/* SPDX-License-Identifier: MIT
 *
 * Piecewise linear curves, integrated and solved in closed form.
 */
#include "harness/worker/schedule.h"

#include "harness/base/clock.h"

#include <math.h>

static uint64_t ns_of(double seconds)
{
    return (uint64_t)llround(seconds * (double)NS_PER_S);
}

/* The t in seconds at which rate a, changing by slope per second, has summed up to n. This form of
 * the quadratic's solution stays exact for slopes near 0. */
static double time_of_sum(double a, double slope, double n)
{
    double root = sqrt(fmax(a * a + 2 * slope * n, 0));
    return a + root > 0 ? 2 * n / (a + root) : 0;
}

uint64_t schedule_arrival(const struct load_model *load, uint64_t n)
{
    if (load->stage_count == 0) {
        return load->rate > 0 ? ns_of((double)n / load->rate) : SCHEDULE_NEVER;
    }
    double rate = load->rate;
    double left = (double)n;
    uint64_t begun = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct load_stage *stage = &load->stages[i];
        double seconds = (double)stage->duration_ns / (double)NS_PER_S;
        double sum = (rate + stage->target) / 2 * seconds;
        if (left < sum) {
            double slope = (stage->target - rate) / seconds;
            return begun + ns_of(time_of_sum(rate, slope, left));
        }
        left -= sum;
        begun += stage->duration_ns;
        rate = stage->target;
    }
    return SCHEDULE_NEVER;
}

uint64_t schedule_arrivals_before(const struct load_model *load, uint64_t offset)
{
    uint64_t low = 0;
    uint64_t high = 1;
    while (schedule_arrival(load, high) < offset) {
        low = high;
        high *= 2;
    }
    /* The answer is above low or, if even the first is not before, 0; and it is not above high. */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (schedule_arrival(load, middle) < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint64_t schedule_pause(const struct load_model *load, uint64_t zero, uint64_t next,
                        const uint64_t *free, uint32_t count, uint64_t resumed)
{
    uint64_t due = zero + schedule_arrival(load, next);
    uint64_t possible = free[0] > due ? free[0] : due;
    uint64_t lost = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (free[i] <= zero + schedule_arrival(load, next + i)) {
            return resumed > possible ? resumed - possible : 0;
        }
        lost += resumed - free[i];
    }
    return lost / count;
}

/* The first instant within one stage, not before offset (both from the stage's beginning), at which
 * the value, moving from a to b, is at least `needed`. */
static uint64_t reaches(const struct load_stage *stage, double a, double needed, uint64_t offset)
{
    double b = stage->target;
    double length = (double)stage->duration_ns;
    double here = a + (b - a) * ((double)offset / length);
    if (here >= needed) {
        return offset;
    }
    if (b < needed || b <= a) {
        return SCHEDULE_NEVER;
    }
    uint64_t when = (uint64_t)ceil((needed - a) / (b - a) * length);
    when = when > offset ? when : offset;
    return when < stage->duration_ns ? when : SCHEDULE_NEVER;
}

uint64_t schedule_activation(const struct load_model *load, uint32_t client, uint64_t offset)
{
    double value = 0;
    uint64_t begun = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        const struct load_stage *stage = &load->stages[i];
        if (offset < begun + stage->duration_ns) {
            uint64_t within = offset > begun ? offset - begun : 0;
            uint64_t when = reaches(stage, value, (double)client + 1, within);
            if (when != SCHEDULE_NEVER) {
                return begun + when;
            }
        }
        begun += stage->duration_ns;
        value = stage->target;
    }
    return SCHEDULE_NEVER;
}

uint64_t schedule_length(const struct load_model *load)
{
    uint64_t length = 0;
    for (size_t i = 0; i < load->stage_count; i++) {
        length += load->stages[i].duration_ns;
    }
    return length;
}
