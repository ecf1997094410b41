/* SPDX-License-Identifier: MIT
 *
 * Layout of the logbook and its bounded observation ring.
 */
#include "harness/base/logbook.h"

#include <string.h>

#define LANE_ALIGNMENT ((size_t)4096)

static size_t lanes_offset(void)
{
    return (sizeof(struct logbook) + LANE_ALIGNMENT - 1) / LANE_ALIGNMENT * LANE_ALIGNMENT;
}

size_t logbook_size(uint32_t lanes)
{
    return lanes_offset() + (size_t)lanes * sizeof(struct logbook_lane);
}

int logbook_create(struct shared_memory *shared, uint32_t lanes, struct failure *failure)
{
    size_t size = logbook_size(lanes);
    if (shared_memory_create(shared, "eighth-logbook", size, failure) != 0) {
        return -1;
    }
    struct logbook *logbook = shared->memory;
    logbook->magic = LOGBOOK_MAGIC;
    logbook->version = LOGBOOK_VERSION;
    logbook->lanes = lanes;
    logbook->size = size;
    return 0;
}

struct logbook *logbook_of(const struct shared_memory *shared, struct failure *failure)
{
    struct logbook *logbook = shared->memory;
    if (logbook == NULL || shared->size < sizeof *logbook || logbook->magic != LOGBOOK_MAGIC ||
        logbook->version != LOGBOOK_VERSION || shared->size < logbook_size(logbook->lanes)) {
        (void)failure_set(failure, FAILURE_INTERNAL,
                          "the shared mapping is not a logbook of version %u", LOGBOOK_VERSION);
        return NULL;
    }
    return logbook;
}

struct logbook_lane *logbook_lane(struct logbook *logbook, uint32_t i)
{
    char *lanes = (char *)logbook + lanes_offset();
    return (struct logbook_lane *)(void *)(lanes + (size_t)i * sizeof(struct logbook_lane));
}

/* Every second one gives way: what is kept is of twice as many rounds each. */
static uint32_t thin_samples(struct logbook *logbook)
{
    for (uint32_t i = 1; i < LOGBOOK_SAMPLES / 2; i++) {
        logbook->samples[i] = logbook->samples[2 * i];
    }
    logbook->sample_stride *= 2;
    return LOGBOOK_SAMPLES / 2;
}

void logbook_add_sample(struct logbook *logbook, const struct resource_sample *sample)
{
    uint64_t round = logbook->sample_rounds++;
    if (logbook->sample_stride == 0) {
        logbook->sample_stride = 1;
    }
    /* The last sample stands in its slot for good only if its round is one of those to be kept. */
    uint64_t slot = (round + logbook->sample_stride - 1) / logbook->sample_stride;
    if (slot == LOGBOOK_SAMPLES) {
        slot = thin_samples(logbook);
    }
    logbook->samples[slot] = *sample;
    atomic_store_explicit(&logbook->sample_count, (uint32_t)slot + 1, memory_order_release);
}

void logbook_observe(struct logbook *logbook, const struct observation *observation)
{
    uint64_t index = atomic_load_explicit(&logbook->observation_next, memory_order_relaxed);
    do {
        uint64_t read = atomic_load_explicit(&logbook->observation_read, memory_order_acquire);
        if (index - read >= LOGBOOK_OBSERVATIONS) {
            (void)atomic_fetch_add_explicit(&logbook->observation_lost, 1, memory_order_relaxed);
            return;
        }
    } while (!atomic_compare_exchange_weak_explicit(&logbook->observation_next, &index, index + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    struct observation *slot = &logbook->observations[index % LOGBOOK_OBSERVATIONS];
    size_t first = offsetof(struct observation, time);
    memcpy((char *)slot + first, (const char *)observation + first, sizeof *slot - first);
    atomic_store_explicit(&slot->published, index + 1, memory_order_release);
}

int logbook_next_observation(struct logbook *logbook, struct observation *observation, int final)
{
    for (;;) {
        uint64_t read = atomic_load_explicit(&logbook->observation_read, memory_order_relaxed);
        uint64_t next = atomic_load_explicit(&logbook->observation_next, memory_order_acquire);
        /* A distance that cannot be is the work of a client that wrote over the header. */
        if (next == read || next - read > LOGBOOK_OBSERVATIONS) {
            return 0;
        }
        struct observation *slot = &logbook->observations[read % LOGBOOK_OBSERVATIONS];
        int published = atomic_load_explicit(&slot->published, memory_order_acquire) == read + 1;
        if (!published && !final) {
            return 0;
        }
        if (published) {
            memcpy(observation, slot, sizeof *observation);
            observation->text[sizeof observation->text - 1] = '\0';
        }
        atomic_store_explicit(&logbook->observation_read, read + 1, memory_order_release);
        if (published) {
            return 1;
        }
    }
}

const char *logbook_latency_name(enum latency latency)
{
    static const char *const names[LATENCIES] = {
        "connect", "tcp", "tls", "first_byte", "request", "ping", "close", "cycle",
    };
    return names[latency];
}
