/* SPDX-License-Identifier: MIT
 *
 * Applies the rules of slope.h.
 */
#include "harness/judge/slope.h"

#include "harness/judge/stat_trend.h"

#include <math.h>
#include <string.h>

#define CONFIDENCE 0.95
/* Of the whole slope; what is below at the end has levelled off. */
#define LEVEL_SHARE 0.5
#define LEVEL_LEAST 8U  /* samples of the last part */
#define LEVEL_FACTOR 3U /* the last gap against the longest one before */
/* A maximum counts as new if it is higher by this share of what the slope makes of the time since:
 * less is noise. */
#define NEW_MAXIMUM 0.25

struct points {
    double x[SLOPE_MOST];
    double y[SLOPE_MOST];
    size_t count;
};

/* The samples behind the warm-up, every k-th of them. */
static void collect(const struct resource_sample *samples, uint32_t count, struct points *points)
{
    double warm = (double)samples[count - 1].cycles * SLOPE_WARM_UP;
    uint32_t first = 0;
    while (first < count && (double)samples[first].cycles <= warm) {
        first++;
    }
    uint32_t step = (count - first + SLOPE_MOST - 1) / SLOPE_MOST;
    points->count = 0;
    /* Backwards in step, so that the last sample is always there. */
    uint32_t offset = step > 1 ? (count - 1 - first) % step : 0;
    for (uint32_t i = first + offset;
         i < count && points->count<SLOPE_MOST; i += step> 0 ? step : 1) {
        points->x[points->count] = (double)samples[i].cycles;
        points->y[points->count++] = (double)samples[i].heap;
    }
}

/* Whether the slope of the last `count` points is surely far below the whole one. */
static bool is_level(const struct points *points, size_t count, double whole)
{
    struct stat_slope slope;
    size_t from = points->count - count;
    return count >= LEVEL_LEAST &&
           stat_theil_sen(points->x + from, points->y + from, count, CONFIDENCE, &slope, NULL) ==
               0 &&
           slope.interval.high < whole * LEVEL_SHARE;
}

static double middle(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Point i without a spike of its own. */
static double smooth(const struct points *points, size_t i)
{
    size_t before = i > 0 ? i - 1 : 0;
    size_t after = i + 1 < points->count ? i + 1 : i;
    return middle(points->y[before], points->y[i], points->y[after]);
}

/* Whether new maxima came again and again, and then no more. */
static bool has_stopped(const struct points *points, double whole)
{
    size_t last = 0;
    size_t longest = 1;
    for (size_t i = 1; i < points->count; i++) {
        double due = (points->x[i] - points->x[last]) * whole;
        if (smooth(points, i) > smooth(points, last) + NEW_MAXIMUM * due) {
            longest = i - last > longest ? i - last : longest;
            last = i;
        }
    }
    size_t since = points->count - 1 - last;
    return since >= LEVEL_LEAST && since >= LEVEL_FACTOR * longest;
}

/* Whether it grew by more than the caches of the threads may hold. */
static bool beats_caches(const struct resource_sample *samples, uint32_t count,
                         const struct points *points, double whole)
{
    uint32_t threads = 0;
    for (uint32_t i = 0; i < count; i++) {
        threads = samples[i].threads > threads ? samples[i].threads : threads;
    }
    double growth = whole * (points->x[points->count - 1] - points->x[0]);
    return growth > SLOPE_CACHE * threads;
}

static bool tells(const struct resource_sample *samples, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (samples[i].heap == 0) {
            return false;
        }
    }
    return true;
}

void slope_judge(const struct resource_sample *samples, uint32_t count, struct slope *slope)
{
    struct points points;
    struct stat_slope whole;
    struct stat_mann_kendall trend;
    memset(slope, 0, sizeof *slope);
    slope->told = tells(samples, count);
    if (!slope->told || count < SLOPE_LEAST) {
        return;
    }
    collect(samples, count, &points);
    if (points.count < SLOPE_LEAST ||
        stat_theil_sen(points.x, points.y, points.count, CONFIDENCE, &whole, NULL) != 0 ||
        isnan(whole.estimate) || stat_mann_kendall(points.y, points.count, &trend, NULL) != 0) {
        return;
    }
    slope->judged = true;
    slope->points = (uint32_t)points.count;
    slope->bytes_per_cycle = whole.estimate;
    slope->interval = whole.interval;
    slope->p_rising = trend.p_rising;
    if (whole.interval.low > SLOPE_LIMIT && trend.p_rising < SLOPE_P &&
        beats_caches(samples, count, &points, whole.estimate)) {
        slope->levels_off = is_level(&points, points.count / 2, whole.estimate) ||
                            is_level(&points, points.count / 3, whole.estimate) ||
                            is_level(&points, points.count / 4, whole.estimate) ||
                            has_stopped(&points, whole.estimate);
        slope->leaks = !slope->levels_off;
    }
}
