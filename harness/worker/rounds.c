/* SPDX-License-Identifier: MIT
 *
 * Cuts a load into rounds and waves, and paces arrivals.
 */
#include "harness/worker/rounds.h"

#include "harness/base/clock.h"
#include "harness/worker/notes.h"
#include "harness/worker/samples.h"
#include "harness/worker/schedule.h"

#include <time.h>

uint64_t rounds_cycles(const struct driver *driver)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < driver->logbook->lanes; i++) {
        const struct logbook_lane *lane = logbook_lane(driver->logbook, i);
        if (lane->role != LANE_UNUSED) {
            sum += lane->counters.cycles_completed + lane->counters.cycles_failed;
        }
    }
    return sum;
}

static void sleep_until(uint64_t instant)
{
    struct timespec until = clock_timespec(instant);
    while (clock_now() < instant) {
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
}

static void run_wave(struct pool *pool, const struct wave *wave)
{
    pool_begin(pool, wave);
    pool_wait(pool);
}

static void closed_round(struct pool *pool, const struct load_model *load, uint64_t cycles,
                         uint64_t end, bool first)
{
    struct wave wave = {.kind = WAVE_CYCLES, .cycles = cycles, .end = end};
    if (load->start != START_TOGETHER) {
        wave.begun = clock_now();
        wave.stagger = load->start == START_STAGGERED && first ? load->stagger_ns : 0;
        run_wave(pool, &wave);
        return;
    }
    wave.gated = true;
    wave.cycles = 1;
    for (uint64_t i = 0; i < cycles && (end == 0 || clock_now() < end); i++) {
        wave.begun = clock_now();
        run_wave(pool, &wave);
    }
}

/* Lets arrivals begin, from the one with number `first` on: `count` of them, 0 for no limit but the
 * schedule's or the wave's end. Returns the number of the next. */
static uint64_t pace(struct pool *pool, const struct load_model *load, const struct wave *wave,
                     uint64_t first, uint64_t count)
{
    uint64_t n = first;
    for (; count == 0 || n - first < count; n++) {
        uint64_t offset = schedule_arrival(load, n);
        uint64_t instant = wave->begun - wave->shift + offset;
        if (offset == SCHEDULE_NEVER || (wave->end != 0 && instant >= wave->end)) {
            break;
        }
        sleep_until(instant);
        pool_arrive(pool);
    }
    return n;
}

static void open_round(struct pool *pool, const struct load_model *load, uint64_t end,
                       uint64_t *next, uint64_t count, uint64_t *dropped)
{
    struct wave wave = {.kind = WAVE_ARRIVALS, .begun = clock_now(), .end = end};
    wave.shift = schedule_arrival(load, *next);
    uint64_t first = *next;
    pool_begin(pool, &wave);
    *next = pace(pool, load, &wave, first, count);
    if (end != 0 && (count == 0 || *next - first < count)) {
        sleep_until(end);
        *dropped += pool_drop(pool);
    }
    pool_wait(pool);
}

static void staged_rounds(struct driver *driver, struct pool *pool)
{
    const struct load_model *load = &driver->scenario->load;
    uint64_t begun = clock_now();
    uint64_t end = begun + schedule_length(load);
    if (load->start == START_RATE) {
        uint64_t next = 0;
        uint64_t dropped = 0;
        open_round(pool, load, end, &next, 0, &dropped);
        if (dropped != 0) {
            notes_add(driver->logbook, "rate: %llu of %llu cycles never began: no client was free",
                      (unsigned long long)dropped, (unsigned long long)next);
        }
    } else {
        struct wave wave = {.kind = WAVE_STAGES, .begun = begun, .end = end};
        run_wave(pool, &wave);
    }
    samples_append(driver->logbook, rounds_cycles(driver));
}

void rounds_run(struct driver *driver, struct pool *pool)
{
    const struct load_model *load = &driver->scenario->load;
    if (load->stage_count > 0) {
        staged_rounds(driver, pool);
        return;
    }
    uint64_t end = load->duration_ns == 0 ? 0 : clock_now() + load->duration_ns;
    uint64_t every = load->sample_every == 0 ? 1 : load->sample_every;
    uint64_t done = 0;
    uint64_t arrivals = 0;
    uint64_t dropped = 0;
    while (end != 0 ? clock_now() < end : done < load->cycles) {
        uint64_t cycles = end == 0 && load->cycles - done < every ? load->cycles - done : every;
        if (load->start == START_RATE) {
            open_round(pool, load, end, &arrivals, cycles * load->clients, &dropped);
        } else {
            closed_round(pool, load, cycles, end, done == 0);
        }
        done += cycles;
        samples_append(driver->logbook, rounds_cycles(driver));
    }
    if (dropped != 0) {
        notes_add(driver->logbook, "rate: %llu of %llu cycles never began: no client was free",
                  (unsigned long long)dropped, (unsigned long long)arrivals);
    }
}
