/* SPDX-License-Identifier: MIT
 *
 * Walks instances through their cycles.
 */
#include "harness/worker/instance.h"

#include "harness/base/clock.h"
#include "harness/base/histogram.h"
#include "harness/base/prf.h"
#include "harness/worker/lane.h"
#include "harness/worker/operations.h"

#include <string.h>

static void cycle_begin(const struct driver *driver, struct lane *lane, struct instance *instance)
{
    instance->since = instance->intended != 0 ? instance->intended : clock_now();
    instance->begun = true;
    instance->failed = false;
    instance->unconnected = false;
    instance->connection = 0;
    instance->step = 0;
    instance->fd = -1;
    memset(&instance->trace, 0, sizeof instance->trace);
    position_start(&instance->position, &driver->program);
    lane->book->counters.cycles_started++;
}

static enum turn cycle_end(struct driver *driver, struct lane *lane, struct instance *instance)
{
    operation_export(driver, lane, instance);
    operation_free(driver, lane, instance, true);
    if (instance->failed) {
        lane->book->counters.cycles_failed++;
    } else {
        histogram_record(&lane->book->latencies[LATENCY_CYCLE], clock_now() - instance->since);
        lane->book->counters.cycles_completed++;
    }
    instance->begun = false;
    instance->intended = 0;
    instance->cycle++;
    return TURN_ENDED;
}

static void operation_of(struct operation *operation, const struct instance *instance,
                         const struct step *step)
{
    memset(operation, 0, sizeof *operation);
    operation->step = step;
    operation->iteration = instance->position.iteration;
}

static void step_run(struct driver *driver, struct lane *lane, struct instance *instance,
                     const struct step *step)
{
    struct operation *operation = &lane->operations[0];
    operation_of(operation, instance, step);
    if (step->kind == STEP_CLOSE) {
        operation_export(driver, lane, instance);
        if (step->close == CLOSE_NONE) {
            operation_free(driver, lane, instance, false);
            return;
        }
    }
    if (step->kind != STEP_CONNECT ||
        operation_prepare_connect(driver, lane, instance, operation)) {
        operation_run(driver, lane, instance, operation);
    }
    operation_apply(instance, operation);
}

/* The connect of a race makes its object before the race: the others need something to run on. */
static bool race_prepare(struct driver *driver, struct lane *lane, struct instance *instance,
                         struct operation *operations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (operations[i].step->kind == STEP_CONNECT &&
            !operation_prepare_connect(driver, lane, instance, &operations[i])) {
            operation_apply(instance, &operations[i]);
            return false;
        }
    }
    return true;
}

static void race_run(struct driver *driver, struct lane *lane, struct racers *racers,
                     struct instance *instance, const struct instruction *race)
{
    const struct step *step = race->step;
    size_t count = step->step_count;
    bool overlaps = racers != NULL && promises_allow_race(&driver->promises, step);
    for (size_t i = 0; i < count; i++) {
        operation_of(&lane->operations[i], instance, &step->steps[i]);
        lane->operations[i].racing = overlaps;
        lane->operations[i].cancellable = race->races_close;
    }
    operation_export(driver, lane, instance);
    if (!race_prepare(driver, lane, instance, lane->operations, count)) {
        return;
    }
    if (race->races_connect) {
        instance->unconnected = false;
    }
    if (overlaps) {
        racers_run(racers, driver, lane, instance, lane->operations, (uint32_t)count);
    } else {
        for (size_t i = 0; i < count; i++) {
            operation_run(driver, lane, instance, &lane->operations[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        operation_apply(instance, &lane->operations[i]);
    }
}

static enum turn hold_begin(const struct driver *driver, struct lane *lane,
                            struct instance *instance, const struct step *step)
{
    uint64_t now = clock_now();
    uint64_t jitter = 0;
    if (step->hold_jitter_ns != 0) {
        jitter = prf_below(prf(driver->plan->seed, PRF_JITTER, instance->number, instance->cycle,
                               (uint64_t)instance->position.iteration << 16 | step->index),
                           step->hold_jitter_ns);
    }
    lane_record(lane, instance, FLIGHT_HOLD, FLIGHT_BEGIN, now, 0);
    instance->holding = true;
    instance->timer.due = now + step->hold_ns + jitter;
    return TURN_HOLD;
}

static void hold_end(const struct driver *driver, struct lane *lane, struct instance *instance)
{
    lane_record(lane, instance, FLIGHT_HOLD, FLIGHT_END, clock_now(), 0);
    instance->holding = false;
    position_advance(&instance->position, &driver->program);
}

enum turn instance_turn(struct driver *driver, struct lane *lane, struct racers *racers,
                        struct instance *instance)
{
    if (!instance->begun) {
        cycle_begin(driver, lane, instance);
    }
    if (instance->holding) {
        hold_end(driver, lane, instance);
    }
    const struct instruction *instruction = &driver->program.code[instance->position.pc];
    if (instruction->kind == INSTRUCTION_END) {
        return cycle_end(driver, lane, instance);
    }
    instance->step = instruction->step->index;
    if (instruction->kind == INSTRUCTION_HOLD) {
        return hold_begin(driver, lane, instance, instruction->step);
    }
    if (instruction->kind == INSTRUCTION_RACE) {
        race_run(driver, lane, racers, instance, instruction);
    } else {
        step_run(driver, lane, instance, instruction->step);
    }
    if (instance->failed) {
        return cycle_end(driver, lane, instance);
    }
    position_advance(&instance->position, &driver->program);
    bool over = driver->program.code[instance->position.pc].kind == INSTRUCTION_END;
    return over ? cycle_end(driver, lane, instance) : TURN_AGAIN;
}

uint32_t instance_migrate(const struct driver *driver, const struct instance *instance,
                          uint32_t threads)
{
    const struct position *position = &instance->position;
    /* Before a cycle begins its position is that of the last one. */
    uint64_t pc = instance->begun ? position->pc : 0;
    uint64_t iteration = instance->begun ? position->iteration : 0;
    uint64_t bits = prf(driver->plan->seed, PRF_MIGRATE, instance->number, instance->cycle,
                        iteration << 16 | pc);
    return (uint32_t)prf_below(bits, threads);
}
