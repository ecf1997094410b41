/* SPDX-License-Identifier: MIT
 *
 * A heap of clients by the time of their next step, and a queue of those that wait for a rate.
 */
#include "harness/programs/population.h"

#include "harness/base/clock.h"
#include "harness/base/prf.h"
#include "harness/scenario/placeholder.h"

#include <math.h>
#include <stdlib.h>

struct member {
    uint64_t when;  /* its next step; valid in the heap */
    uint64_t order; /* among equals the first to come is the first to go */
    uint64_t cycle;
    uint64_t intended; /* of its cycle */
    uint32_t step;
    bool begun; /* its cycle has begun */
    bool done;  /* it has no more cycles */
};

struct population {
    const struct scenario *scenario;
    uint64_t seed;
    uint64_t begun;
    uint64_t cycles; /* turns of each client that are cycles; 0: by duration */
    struct member *members;
    uint32_t *heap; /* members that wait for their time */
    uint32_t heaped;
    uint32_t *idle; /* START_RATE: a ring of members that wait for an arrival */
    uint32_t idle_first;
    uint32_t idle_count;
    uint64_t arrivals; /* START_RATE: cycles begun */
    uint32_t parked;   /* START_TOGETHER: members that wait for the others */
    uint32_t running;
    uint32_t finished;
    uint64_t orders;
    bool stopped;
};

/* ---- the heap ---- */

static bool before(const struct population *population, uint32_t one, uint32_t other)
{
    const struct member *a = &population->members[one];
    const struct member *b = &population->members[other];
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void swap(uint32_t *one, uint32_t *other)
{
    uint32_t kept = *one;
    *one = *other;
    *other = kept;
}

static void push(struct population *population, uint32_t member, uint64_t when)
{
    uint32_t *heap = population->heap;
    uint32_t i = population->heaped++;
    population->members[member].when = when;
    population->members[member].order = population->orders++;
    heap[i] = member;
    while (i > 0 && before(population, heap[i], heap[(i - 1) / 2])) {
        swap(&heap[i], &heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static uint32_t pop(struct population *population)
{
    uint32_t *heap = population->heap;
    uint32_t top = heap[0];
    heap[0] = heap[--population->heaped];
    for (uint32_t i = 0;;) {
        uint32_t least = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
            if (child < population->heaped && before(population, heap[child], heap[least])) {
                least = child;
            }
        }
        if (least == i) {
            return top;
        }
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

/* ---- cycles ---- */

static bool is_over(const struct population *population, uint64_t now)
{
    uint64_t duration = population->scenario->load.duration_ns;
    return population->stopped || (duration != 0 && now - population->begun >= duration);
}

static bool has_more_cycles(const struct population *population, const struct member *member,
                            uint64_t now)
{
    return !is_over(population, now) &&
           (population->cycles == 0 || member->cycle < population->cycles);
}

static void finish(struct population *population, uint32_t number)
{
    population->finished += !population->members[number].done;
    population->members[number].done = true;
}

static void release_round(struct population *population, uint64_t now)
{
    uint32_t clients = population->scenario->load.clients;
    if (population->parked == 0 || population->parked + population->finished < clients) {
        return;
    }
    population->parked = 0;
    for (uint32_t i = 0; i < clients; i++) {
        if (!has_more_cycles(population, &population->members[i], now)) {
            finish(population, i);
        } else if (!population->members[i].done) {
            push(population, i, now);
        }
    }
}

/* The member has ended a cycle, or is new: what it waits for now. */
static void await_cycle(struct population *population, uint32_t number, uint64_t now)
{
    struct member *member = &population->members[number];
    const struct load_model *load = &population->scenario->load;
    member->step = 0;
    member->begun = false;
    if (load->start == START_RATE) {
        uint32_t end = (population->idle_first + population->idle_count++) % load->clients;
        population->idle[end] = number;
    } else if (load->start == START_TOGETHER) {
        population->parked++;
        release_round(population, now);
    } else if (has_more_cycles(population, member, now)) {
        push(population, number, now);
    } else {
        finish(population, number);
    }
}

/* When the n-th cycle is to begin. */
static uint64_t arrival(const struct population *population, uint64_t n)
{
    const struct load_model *load = &population->scenario->load;
    uint64_t offset = (uint64_t)llround((double)n / load->rate * (double)NS_PER_S);
    if (load->duration_ns != 0 && offset >= load->duration_ns) {
        return POPULATION_NEVER;
    }
    uint64_t most = population->cycles * load->clients;
    return population->cycles != 0 && n >= most ? POPULATION_NEVER : population->begun + offset;
}

/* Lets clients begin whose arrival is due. */
static void arrive(struct population *population, uint64_t now)
{
    const struct load_model *load = &population->scenario->load;
    while (load->start == START_RATE && population->idle_count > 0 && !population->stopped) {
        uint64_t due = arrival(population, population->arrivals);
        if (due == POPULATION_NEVER || due > now) {
            return;
        }
        uint32_t number = population->idle[population->idle_first];
        population->idle_first = (population->idle_first + 1) % load->clients;
        population->idle_count--;
        population->arrivals++;
        push(population, number, due);
    }
}

/* ---- life ---- */

static void place_all(struct population *population, uint64_t seed, uint64_t now)
{
    const struct load_model *load = &population->scenario->load;
    for (uint32_t i = 0; i < load->clients; i++) {
        if (load->start == START_STAGGERED) {
            uint64_t share = prf_below(prf(seed, PRF_STAGGER, i, 0, 0), load->stagger_ns);
            push(population, i, now + share);
        } else {
            await_cycle(population, i, now);
        }
    }
}

struct population *population_make(const struct scenario *scenario, uint64_t seed, uint64_t now,
                                   struct failure *failure)
{
    uint32_t clients = scenario->load.clients;
    struct population *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->members = calloc(clients, sizeof *made->members);
        made->heap = calloc(clients, sizeof *made->heap);
        made->idle = calloc(clients, sizeof *made->idle);
    }
    if (made == NULL || made->members == NULL || made->heap == NULL || made->idle == NULL) {
        population_free(made);
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %u clients", clients);
        return NULL;
    }
    made->scenario = scenario;
    made->seed = seed;
    made->begun = now;
    made->cycles = placeholder_one_process(&scenario->client) ? 1 : scenario->load.cycles;
    place_all(made, seed, now);
    return made;
}

void population_free(struct population *population)
{
    if (population != NULL) {
        free(population->members);
        free(population->heap);
        free(population->idle);
        free(population);
    }
}

/* ---- turns ---- */

static uint64_t hold_time(const struct population *population, uint32_t number,
                          const struct step *step)
{
    const struct member *member = &population->members[number];
    uint64_t bits = prf(population->seed, PRF_JITTER, number, member->cycle, step->index);
    return step->hold_ns + prf_below(bits, step->hold_jitter_ns);
}

/* The member stands before a step whose time has come: true if it is a `run`. */
static bool advance(struct population *population, uint32_t number, uint64_t now)
{
    struct member *member = &population->members[number];
    const struct scenario *scenario = population->scenario;
    if (!member->begun) {
        member->begun = true;
        member->intended = member->when;
    }
    while (member->step < scenario->step_count) {
        const struct step *step = &scenario->steps[member->step];
        if (step->kind == STEP_RUN) {
            return true;
        }
        member->step++;
        uint64_t time = hold_time(population, number, step);
        if (time > 0) {
            push(population, number, now + time);
            return false;
        }
    }
    member->cycle++;
    await_cycle(population, number, now);
    return false;
}

static bool first_run(const struct scenario *scenario, uint32_t step)
{
    for (uint32_t i = 0; i < step; i++) {
        if (scenario->steps[i].kind == STEP_RUN) {
            return false;
        }
    }
    return true;
}

bool population_next(struct population *population, uint64_t now, struct turn *turn)
{
    arrive(population, now);
    while (!population->stopped && population->heaped > 0 &&
           population->members[population->heap[0]].when <= now) {
        uint32_t number = pop(population);
        const struct member *member = &population->members[number];
        bool fresh = !member->begun;
        if (fresh && population->scenario->load.start != START_RATE &&
            !has_more_cycles(population, member, now)) {
            finish(population, number); /* the time was over before it began */
            release_round(population, now);
            continue;
        }
        if (!advance(population, number, now)) {
            continue;
        }
        const struct scenario *scenario = population->scenario;
        *turn = (struct turn){.instance = number,
                              .cycle = member->cycle,
                              .step = &scenario->steps[member->step],
                              .begins = first_run(scenario, member->step),
                              .intended = member->intended};
        population->running++;
        return true;
    }
    return false;
}

uint64_t population_due(const struct population *population)
{
    uint64_t due = POPULATION_NEVER;
    if (population->stopped) {
        return due;
    }
    if (population->heaped > 0) {
        due = population->members[population->heap[0]].when;
    }
    if (population->scenario->load.start == START_RATE && population->idle_count > 0) {
        uint64_t next = arrival(population, population->arrivals);
        due = next < due ? next : due;
    }
    return due;
}

bool population_ended(struct population *population, const struct turn *turn, bool well,
                      uint64_t now)
{
    struct member *member = &population->members[turn->instance];
    const struct scenario *scenario = population->scenario;
    population->running--;
    member->step++;
    bool last = true;
    for (uint32_t i = member->step; i < scenario->step_count; i++) {
        last = last && scenario->steps[i].kind != STEP_RUN;
    }
    if (well && member->step < scenario->step_count && !population->stopped) {
        push(population, turn->instance, now);
        return last;
    }
    member->cycle++;
    await_cycle(population, turn->instance, now);
    return true;
}

void population_stop(struct population *population)
{
    population->stopped = true;
}

bool population_done(const struct population *population)
{
    if (population->running > 0) {
        return false;
    }
    if (population->stopped) {
        return true;
    }
    if (population->scenario->load.start == START_RATE) {
        return population->heaped == 0 &&
               arrival(population, population->arrivals) == POPULATION_NEVER;
    }
    return population->heaped == 0 && population->parked == 0;
}
