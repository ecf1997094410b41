/* SPDX-License-Identifier: MIT
 *
 * Applies the rules of program_growth.h.
 */
#include "harness/judge/program_growth.h"

#include "harness/judge/stat_trend.h"

#include <math.h>
#include <string.h>

#define WARM_UP 0.2
#define LEAST_SAMPLES 10U
#define LEAST_CONNECTIONS 20U
#define LEAST_GROWTH 4.0
#define CONFIDENCE 0.95
#define P_RISING 0.01

static double most(const double *values, size_t from, size_t to)
{
    double found = 0;
    for (size_t i = from; i < to; i++) {
        found = values[i] > found ? values[i] : found;
    }
    return found;
}

void program_growth_judge(const struct program_sample *samples, uint32_t count, bool threads,
                          struct program_growth *growth)
{
    double x[PROGRAM_SAMPLES];
    double y[PROGRAM_SAMPLES];
    struct stat_slope slope;
    struct stat_mann_kendall trend;
    memset(growth, 0, sizeof *growth);
    if (count == 0 || count > PROGRAM_SAMPLES) {
        return;
    }
    double warm = WARM_UP * samples[count - 1].connections;
    for (uint32_t i = 0; i < count; i++) {
        if (samples[i].connections > 0 && samples[i].connections >= warm) {
            x[growth->samples] = samples[i].connections;
            y[growth->samples++] = threads ? samples[i].threads : samples[i].fds;
        }
    }
    uint32_t used = growth->samples;
    if (used < LEAST_SAMPLES || x[used - 1] - x[0] < LEAST_CONNECTIONS ||
        stat_theil_sen(x, y, used, CONFIDENCE, &slope, NULL) != 0 || isnan(slope.estimate) ||
        stat_mann_kendall(y, used, &trend, NULL) != 0) {
        return;
    }
    growth->each = slope.estimate;
    growth->interval = slope.interval;
    growth->first = (uint32_t)y[0];
    growth->first_connections = (uint32_t)x[0];
    growth->last = (uint32_t)y[used - 1];
    growth->last_connections = (uint32_t)x[used - 1];
    uint32_t quarter = used / 4;
    growth->grows = slope.interval.low * (x[used - 1] - x[0]) >= LEAST_GROWTH &&
                    trend.p_rising < P_RISING &&
                    most(y, used - quarter, used) > most(y, used - 2 * quarter, used - quarter);
}
