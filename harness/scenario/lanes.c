/* SPDX-License-Identifier: MIT
 *
 * Counts the lanes of a scenario.
 */
#include "harness/scenario/lanes.h"

#include <stddef.h>

/* Recursion ends: a scenario has at most SCENARIO_MAX_STEPS steps, nested ones included. */
static uint32_t widest(const struct step *steps, size_t count)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t here = 0;
        if (steps[i].kind == STEP_RACE) {
            here = (uint32_t)steps[i].step_count;
        } else if (steps[i].kind == STEP_REPEAT) {
            here = widest(steps[i].steps, steps[i].step_count);
        }
        most = here > most ? here : most;
    }
    return most;
}

uint32_t lanes_widest_race(const struct scenario *scenario)
{
    return widest(scenario->steps, scenario->step_count);
}

uint32_t lanes_racers(const struct scenario *scenario)
{
    uint32_t most = lanes_widest_race(scenario);
    return most > 1 ? most - 1 : 0;
}

uint32_t lanes_programs(const struct scenario *scenario)
{
    const struct load_model *load = &scenario->load;
    if (scenario->client.exec == NULL) {
        return 0;
    }
    return load->clients < load->threads ? load->clients : load->threads;
}

uint32_t driver_lanes(const struct scenario *scenario)
{
    if (scenario->client.exec != NULL) {
        return lanes_programs(scenario);
    }
    return scenario->load.threads * (1 + lanes_racers(scenario)) + 1;
}
