/* SPDX-License-Identifier: MIT
 *
 * Cuts a load into rounds and waves, and paces arrivals.
 */
#include "harness/worker/rounds.h"

#include "harness/base/clock.h"
#include "harness/worker/notes.h"
#include "harness/worker/samples.h"
#include "harness/worker/schedule.h"

#include <stdlib.h>
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
    pool_wait(pool, 0);
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

/* How far an open model has come. */
struct arrivals {
    uint64_t zero;    /* instant from which the schedule's offsets count; moves at each drain */
    uint64_t next;    /* number of the next arrival */
    uint64_t dropped; /* of those before it: no client was free in time */
};

/* Lets arrivals begin: `count` of them, 0 for no limit but the schedule's or the wave's end. Says
 * whether this end came first. */
static bool pace(struct pool *pool, const struct load_model *load, const struct wave *wave,
                 struct arrivals *arrivals, uint64_t count)
{
    for (uint64_t i = 0; count == 0 || i < count; i++) {
        uint64_t offset = schedule_arrival(load, arrivals->next);
        uint64_t instant = wave->begun + offset;
        if (offset == SCHEDULE_NEVER || (wave->end != 0 && instant >= wave->end)) {
            return true;
        }
        sleep_until(instant);
        pool_arrive(pool);
        arrivals->next++;
    }
    return false;
}

static void open_round(struct pool *pool, const struct load_model *load, uint64_t end,
                       struct arrivals *arrivals, uint64_t count)
{
    struct wave wave = {.kind = WAVE_ARRIVALS, .begun = arrivals->zero, .end = end};
    pool_begin(pool, &wave);
    if (pace(pool, load, &wave, arrivals, count) && end != 0) {
        sleep_until(end);
    }
    if (end != 0) {
        pool_wait(pool, end);
        arrivals->dropped += pool_drop(pool);
    }
    pool_wait(pool, 0);
}

static int earlier(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Puts the schedule off by what the drain before `now` has cost it. */
static void put_off(const struct pool *pool, const struct load_model *load,
                    struct arrivals *arrivals, uint64_t now)
{
    for (uint32_t i = 0; i < pool->population; i++) {
        uint64_t since = pool->instances[i].free;
        pool->free[i] = since < now ? since : now;
    }
    qsort(pool->free, pool->population, sizeof *pool->free, earlier);
    arrivals->zero +=
        schedule_pause(load, arrivals->zero, arrivals->next, pool->free, pool->population, now);
}

/* Those that were due before the end but were not even called, because earlier ones were late. */
static void drop_rest(const struct load_model *load, struct arrivals *arrivals, uint64_t end)
{
    uint64_t due = end > arrivals->zero ? schedule_arrivals_before(load, end - arrivals->zero) : 0;
    if (due > arrivals->next) {
        arrivals->dropped += due - arrivals->next;
        arrivals->next = due;
    }
}

static void say_dropped(struct driver *driver, const struct arrivals *arrivals)
{
    if (arrivals->dropped != 0) {
        notes_add(driver->logbook, "rate: %llu of %llu cycles never began: no client was free",
                  (unsigned long long)arrivals->dropped, (unsigned long long)arrivals->next);
    }
}

static void staged_rounds(struct driver *driver, struct pool *pool)
{
    const struct load_model *load = &driver->scenario->load;
    uint64_t begun = clock_now();
    uint64_t end = begun + schedule_length(load);
    if (load->start == START_RATE) {
        struct arrivals arrivals = {.zero = begun};
        open_round(pool, load, end, &arrivals, 0);
        say_dropped(driver, &arrivals);
    } else {
        struct wave wave = {.kind = WAVE_STAGES, .begun = begun, .end = end};
        run_wave(pool, &wave);
    }
    samples_append(driver->logbook, rounds_cycles(driver));
}

static uint64_t round_of(const struct load_model *load, uint64_t done)
{
    uint64_t every = load->sample_every == 0 ? 1 : load->sample_every;
    bool rest = load->duration_ns == 0 && load->cycles - done < every;
    return rest ? load->cycles - done : every;
}

static bool more_rounds(const struct load_model *load, uint64_t done, uint64_t end)
{
    return end != 0 ? clock_now() < end : done < load->cycles;
}

static void closed_rounds(struct driver *driver, struct pool *pool, uint64_t end)
{
    const struct load_model *load = &driver->scenario->load;
    for (uint64_t done = 0; more_rounds(load, done, end);) {
        uint64_t cycles = round_of(load, done);
        closed_round(pool, load, cycles, end, done == 0);
        done += cycles;
        samples_append(driver->logbook, rounds_cycles(driver));
    }
}

static void open_rounds(struct driver *driver, struct pool *pool, uint64_t end)
{
    const struct load_model *load = &driver->scenario->load;
    struct arrivals arrivals = {.zero = clock_now()};
    for (uint64_t done = 0; more_rounds(load, done, end);) {
        uint64_t cycles = round_of(load, done);
        if (done != 0) {
            put_off(pool, load, &arrivals, clock_now());
        }
        open_round(pool, load, end, &arrivals, cycles * load->clients);
        done += cycles;
        samples_append(driver->logbook, rounds_cycles(driver));
    }
    if (end != 0) {
        put_off(pool, load, &arrivals, end);
        drop_rest(load, &arrivals, end);
    }
    say_dropped(driver, &arrivals);
}

void rounds_run(struct driver *driver, struct pool *pool)
{
    const struct load_model *load = &driver->scenario->load;
    uint64_t end = load->duration_ns == 0 ? 0 : clock_now() + load->duration_ns;
    if (load->stage_count > 0) {
        staged_rounds(driver, pool);
    } else if (load->start == START_RATE) {
        open_rounds(driver, pool, end);
    } else {
        closed_rounds(driver, pool, end);
    }
}
