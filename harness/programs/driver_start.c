/* SPDX-License-Identifier: MIT
 *
 * Decides which process begins now, at which port; and ends all at once.
 */
#include "harness/programs/driver_parts.h"

#include "harness/base/clock.h"
#include "harness/scenario/fault.h"

/* A machine that cannot start a process for so long will not. */
#define START_PATIENCE (2 * NS_PER_S)
#define START_AGAIN (20 * NS_PER_MS)

static struct seat *free_seat(struct driver *driver, uint32_t *lane)
{
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        if (driver->seats[i].process.state == PROCESS_NONE) {
            *lane = i;
            return &driver->seats[i];
        }
    }
    return NULL;
}

static uint16_t port_of(const struct driver *driver, uint32_t lane, bool *refused)
{
    const struct embedded_model *embedded = &driver->scenario->target.embedded;
    *refused = driver->ledger != NULL && driver->plan.refuse_port != 0 &&
               fault_choose(embedded->faults, embedded->fault_count, driver->plan.seed,
                            driver->number, true) != NULL;
    return *refused                 ? driver->plan.refuse_port
           : driver->ledger != NULL ? driver->ledger->ports[lane]
                                    : driver->plan.port;
}

void driver_stop_all(struct driver *driver, enum program_stop why)
{
    uint64_t now = clock_now();
    driver->stopping = true;
    population_stop(driver->population);
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        struct process *process = &driver->seats[i].process;
        bool stacks = why == PROGRAM_STOP_DEADLINE && process->state == PROCESS_RUNNING &&
                      driver->snapshots++ < MOST_SNAPSHOTS;
        process_stop(process, why, stacks, now);
    }
}

/* A machine that is short of processes or memory may recover when some have ended. */
static int bear(struct driver *driver, const struct failure *cause, uint64_t now,
                struct failure *failure)
{
    driver->cannot = driver->cannot == 0 ? now : driver->cannot;
    if (cause->kind == FAILURE_ENVIRONMENT && now - driver->cannot < START_PATIENCE) {
        return 0;
    }
    *failure = *cause;
    return -1;
}

static int start_one(struct driver *driver, struct seat *seat, uint32_t lane,
                     const struct turn *turn, struct failure *failure)
{
    struct failure cause = FAILURE_INIT;
    bool refused;
    driver->number++;
    uint16_t port = port_of(driver, lane, &refused);
    if (driver->ledger != NULL) {
        account_open(driver->account, port);
    }
    seat->above = driver->account->read;
    seat->watching = 0;
    for (;;) {
        uint64_t now = clock_now();
        if (process_start(&seat->process, &driver->setup, turn, driver->number, port, &cause) ==
            0) {
            break;
        }
        if (bear(driver, &cause, now, failure) != 0) {
            driver_stop_all(driver, PROGRAM_STOP_ORDER);
            (void)population_ended(driver->population, turn, false, now);
            return -1;
        }
        (void)poll(NULL, 0, (int)(START_AGAIN / NS_PER_MS));
    }
    driver->cannot = 0;
    seat->process.end.refused = refused;
    driver->busy++;
    (void)atomic_fetch_add_explicit(&driver->log->begun, 1, memory_order_relaxed);
    driver_count_begin(driver, lane);
    driver_record(driver, lane, FLIGHT_BEGIN, 0);
    return 0;
}

int driver_start_due(struct driver *driver, struct failure *failure)
{
    uint32_t lane;
    struct seat *seat;
    struct turn turn;
    while (!driver->stopping && (seat = free_seat(driver, &lane)) != NULL &&
           population_next(driver->population, clock_now(), &turn)) {
        if (start_one(driver, seat, lane, &turn, failure) != 0) {
            return -1;
        }
    }
    return 0;
}
