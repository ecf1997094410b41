/* SPDX-License-Identifier: MIT
 *
 * Decides what is counted, and when.
 */
#include "harness/programs/driver_parts.h"

#include "harness/base/clock.h"
#include "harness/scenario/placeholder.h"

void driver_record(struct driver *driver, uint32_t lane, enum flight_edge edge, int32_t result)
{
    struct logbook_lane *to = logbook_lane(driver->logbook, lane);
    const struct process *process = &driver->seats[lane].process;
    struct flight_record flight = {
        .time = clock_now(),
        .instance = process->turn.instance,
        .cycle = (uint32_t)process->turn.cycle,
        .connection = driver->ledger != NULL ? process->end.connections : 0,
        .step = process->turn.step->index,
        .operation = FLIGHT_RUN,
        .edge = (uint8_t)edge,
        .result = result,
        .fd = -1,
    };
    to->role = LANE_PROGRAM;
    to->tid = process->end.pid;
    flight_write(&to->flight, &flight);
}

void driver_count_begin(struct driver *driver, uint32_t lane)
{
    const struct turn *turn = &driver->seats[lane].process.turn;
    bool one = placeholder_one_process(&driver->scenario->client);
    if (turn->begins) {
        logbook_lane(driver->logbook, lane)->counters.cycles_started +=
            one ? driver->scenario->load.cycles : 1;
    }
}

static void count_cost(struct driver *driver, const struct rusage *usage)
{
    const struct timeval *parts[] = {&usage->ru_utime, &usage->ru_stime};
    for (int i = 0; i < 2; i++) {
        driver->logbook->cpu_ended +=
            (uint64_t)parts[i]->tv_sec * NS_PER_S + (uint64_t)parts[i]->tv_usec * NS_PER_US;
    }
}

void driver_count_end(struct driver *driver, uint32_t lane, bool well, bool last)
{
    struct logbook_lane *to = logbook_lane(driver->logbook, lane);
    const struct process *process = &driver->seats[lane].process;
    bool one = placeholder_one_process(&driver->scenario->client);
    uint64_t cycles = one ? driver->scenario->load.cycles : 1;
    count_cost(driver, &process->child.usage);
    to->counters.connects += process->end.connections;
    if (well && last) {
        to->counters.cycles_completed += cycles;
        histogram_record(&to->latencies[LATENCY_CYCLE],
                         process->end.ended - process->turn.intended);
    } else if (!well) {
        to->counters.cycles_failed += cycles;
    }
}
