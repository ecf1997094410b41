/* SPDX-License-Identifier: MIT
 *
 * The table of a scenario's `load`: how many clients, when, and on which threads.
 */
#include "harness/scenario/shape.h"
#include "harness/scenario/suggest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STAGES 64
#define MAX_RATE 1e6
#define MAX_DURATION 604800e9 /* a week */
#define DEFAULT_THREADS 16U
#define DEFAULT_STAGGER UINT64_C(1000000000)
/* Cycles in a round where nothing in the scenario suggests a number: rounds cost a drain each. */
#define DEFAULT_ROUND 100U

static const struct choice affinities[] = {
    {"pinned", AFFINITY_PINNED}, {"migrate", AFFINITY_MIGRATE}, {NULL, 0}};

/* ---- start ---- */

static const struct key rate_keys[] = {
    {.name = "rate",
     .type = VALUE_RATE,
     KEY_FIELD(struct load_model, rate),
     .required = true,
     .minimum = 1.0 / 3600,
     .maximum = MAX_RATE,
     .help = "cycles that begin per second, whether earlier ones have ended or not"},
};

const struct shape shape_rate = {
    .name = "rate",
    .help = "an open model: cycles begin at a rate; latency counts from the intended start",
    .keys = rate_keys,
    .count = sizeof rate_keys / sizeof *rate_keys,
};

static int read_start(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct load_model *load = model;
    char text[READING_QUOTE];
    if (cJSON_IsObject(value)) {
        load->start = START_RATE;
        return shape_read(reading, place, value, &shape_rate, load);
    }
    const char *word = cJSON_IsString(value) ? value->valuestring : "";
    if (strcmp(word, "together") == 0) {
        load->start = START_TOGETHER;
        return 0;
    }
    if (strcmp(word, "staggered") == 0) {
        load->start = START_STAGGERED;
        return 0;
    }
    struct suggestion suggestion;
    suggest_begin(&suggestion, word);
    suggest_offer(&suggestion, "together");
    suggest_offer(&suggestion, "staggered");
    return reading_fail(
        reading, place,
        "expected \"together\", \"staggered\" or {\"rate\": \"200/s\"}, got %s%s%s%s",
        reading_describe(text, value), suggestion.best != NULL ? "; did you mean \"" : "",
        suggestion.best != NULL ? suggestion.best : "", suggestion.best != NULL ? "\"?" : "");
}

static cJSON *start_schema(void)
{
    return shape_literal(
        "{\"anyOf\":[{\"enum\":[\"together\",\"staggered\"]},{\"$ref\":\"#/$defs/rate\"}]}");
}

/* ---- stages ---- */

static const struct key stage_keys[] = {
    {.name = "duration",
     .type = VALUE_DURATION,
     KEY_FIELD(struct load_stage, duration_ns),
     .required = true,
     .minimum = 1e6,
     .maximum = MAX_DURATION,
     .help = "how long the stage lasts"},
    {.name = "target",
     .type = VALUE_FRACTION,
     KEY_FIELD(struct load_stage, target),
     .required = true,
     .minimum = 0,
     .maximum = MAX_RATE,
     .help = "active clients at its end; with a start rate: cycles per second"},
};

const struct shape shape_stage = {
    .name = "stage",
    .help = "a ramp in a straight line from where the load was to `target`",
    .keys = stage_keys,
    .count = sizeof stage_keys / sizeof *stage_keys,
};

static int read_stages(struct reading *reading, const struct place *place, cJSON *value,
                       void *model)
{
    struct load_model *load = model;
    char text[READING_QUOTE];
    if (!cJSON_IsArray(value)) {
        return reading_fail(reading, place, "expected a list of stages, got %s",
                            reading_describe(text, value));
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    if (count < 1 || count > MAX_STAGES) {
        return reading_fail(reading, place, "expected 1 to %d stages, got %zu", MAX_STAGES, count);
    }
    load->stages = calloc(count, sizeof *load->stages);
    if (load->stages == NULL) {
        return reading_no_memory(reading);
    }
    load->stage_count = count;
    struct place item_place = {place, NULL, 0};
    for (cJSON *item = value->child; item != NULL; item = item->next, item_place.index++) {
        if (shape_read(reading, &item_place, item, &shape_stage, &load->stages[item_place.index]) !=
            0) {
            return -1;
        }
    }
    return 0;
}

static cJSON *stages_schema(void)
{
    return shape_literal("{\"type\":\"array\",\"minItems\":1,\"maxItems\":64,"
                         "\"items\":{\"$ref\":\"#/$defs/stage\"}}");
}

/* ---- load ---- */

static bool has(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key) != NULL;
}

/* Stages count clients: whole numbers, and never more than there are. */
static int check_stages(struct reading *reading, const struct place *place, const cJSON *object,
                        struct load_model *load)
{
    struct place list = {place, "stages", 0};
    double most = 1;
    for (size_t i = 0; i < load->stage_count && load->start != START_RATE; i++) {
        struct place item = {&list, NULL, i};
        struct place at = {&item, "target", 0};
        double target = load->stages[i].target;
        if (floor(target) != target) {
            return reading_fail(reading, &at, "expected a whole number of clients, got %.15g",
                                target);
        }
        double limit = has(object, "clients") ? load->clients : (double)SCENARIO_MAX_CLIENTS;
        if (target > limit) {
            return reading_fail(reading, &at, "there are only %.0f clients, got %.15g", limit,
                                target);
        }
        most = target > most ? target : most;
    }
    if (!has(object, "clients")) {
        load->clients = (uint32_t)most;
    }
    return 0;
}

static int check_round(struct reading *reading, const struct place *place, const cJSON *object,
                       struct load_model *load)
{
    if (has(object, "sample_every")) {
        if (load->cycles != 0 && load->sample_every > load->cycles) {
            struct place at = {place, "sample_every", 0};
            return reading_fail(reading, &at, "%u is above the %.0f cycles of each client",
                                load->sample_every, (double)load->cycles);
        }
        return 0;
    }
    if (load->start == START_TOGETHER) {
        load->sample_every = 1;
    } else if (load->cycles == 0) {
        load->sample_every = DEFAULT_ROUND;
    } else {
        uint64_t part = load->cycles / 50;
        load->sample_every = (uint32_t)(part < 1 ? 1 : (part > UINT32_MAX ? UINT32_MAX : part));
    }
    return 0;
}

static int check_load(struct reading *reading, const struct place *place, const cJSON *object,
                      void *model)
{
    struct load_model *load = model;
    if (!has(object, "cycles") && !has(object, "duration") && !has(object, "stages")) {
        load->cycles = 1;
    }
    if (load->start != START_STAGGERED && has(object, "stagger")) {
        return reading_fail_key(reading, place, "stagger", SYNTAX_KEY,
                                "`stagger` has a meaning only with `start` \"staggered\"");
    }
    if (load->start == START_STAGGERED && !has(object, "stagger")) {
        load->stagger_ns = DEFAULT_STAGGER;
    }
    if (load->fresh_threads && load->affinity == AFFINITY_MIGRATE) {
        return reading_fail_key(
            reading, place, "fresh_threads", SYNTAX_KEY,
            "`fresh_threads` runs a cycle on one thread: it excludes `affinity` "
            "\"migrate\"");
    }
    if (check_stages(reading, place, object, load) != 0) {
        return -1;
    }
    if (!has(object, "threads")) {
        load->threads = load->clients < DEFAULT_THREADS ? load->clients : DEFAULT_THREADS;
    }
    return check_round(reading, place, object, load);
}

static void init_load(void *model)
{
    struct load_model *load = model;
    load->clients = 1;
}

static const struct key load_keys[] = {
    {.name = "threads",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct load_model, threads),
     .minimum = 1,
     .maximum = SCENARIO_MAX_THREADS,
     .help = "threads of the pool that runs the clients' steps; without it one for each client, 16 "
             "at most"},
    {.name = "clients",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct load_model, clients),
     .minimum = 1,
     .maximum = SCENARIO_MAX_CLIENTS,
     .help = "instances alive at once; without it 1, or the highest target of `stages`"},
    {.name = "cycles",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct load_model, cycles),
     .minimum = 1,
     .maximum = 1e12,
     .help = "cycles of each client; 1 where neither `duration` nor `stages` is given"},
    {.name = "duration",
     .type = VALUE_DURATION,
     KEY_FIELD(struct load_model, duration_ns),
     .minimum = 1e6,
     .maximum = MAX_DURATION,
     .help = "instead of `cycles`: cycles begin for so long"},
    {.name = "stages",
     .type = VALUE_CUSTOM,
     .read = read_stages,
     .schema = stages_schema,
     .expected = "list of stages",
     .help =
         "instead of `cycles`: ramps of active clients (or of the start rate), from 0 (from the "
         "start rate)"},
    {.name = "start",
     .type = VALUE_CUSTOM,
     .read = read_start,
     .schema = start_schema,
     .fallback = "\"together\"",
     .expected = "\"together\", \"staggered\" or {\"rate\": \"200/s\"}",
     .help = "`together`: all clients begin each cycle at one barrier; `staggered`: first cycles "
             "are spread over `stagger`; a rate: an open model"},
    {.name = "stagger",
     .type = VALUE_DURATION,
     KEY_FIELD(struct load_model, stagger_ns),
     .minimum = 0,
     .maximum = 3600e9,
     .help =
         "with `start` \"staggered\": over how long the first cycles are spread; without it 1s"},
    {.name = "affinity",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct load_model, affinity),
     .choices = affinities,
     .fallback = "\"pinned\"",
     .help = "`pinned`: an instance stays on its thread; `migrate`: each step may run on another"},
    {.name = "fresh_threads",
     .type = VALUE_FLAG,
     KEY_FIELD(struct load_model, fresh_threads),
     .fallback = "false",
     .help = "each cycle runs on a new thread that is joined after it"},
    {.name = "sample_every",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct load_model, sample_every),
     .minimum = 1,
     .maximum = 4294967295.0,
     .help = "cycles of each client between two drains with a resource sample; without it 1 with "
             "`start` \"together\", else a fiftieth of `cycles` (100 without `cycles`)"},
};

const struct shape shape_load = {
    .name = "load",
    .help = "how many clients, when, and on which threads",
    .keys = load_keys,
    .count = sizeof load_keys / sizeof *load_keys,
    .alternatives = {"cycles", "duration", "stages"},
    .init = init_load,
    .check = check_load,
};
