/* SPDX-License-Identifier: MIT
 *
 * The metrics of a comparison, with the margins that they have without --margin.
 */
#include "harness/judge/compare_side.h"

#include "harness/scenario/verbatim.h"

#include <stdlib.h>
#include <string.h>

#define LATENCY(name, what, core)                                                              \
    {name ".p50", "us", COMPARE_RATIO, 0.05, false, core, "p50", name, "median of the " what}, \
    {                                                                                          \
        name ".p99", "us", COMPARE_RATIO, 0.10, false, false, "p99", name, "99 % of the " what \
    }

const struct compare_metric compare_metrics[COMPARE_METRICS] = {
    {"cpu.per_cycle", "us", COMPARE_RATIO, 0.03, false, true, "client_cpu_us_per_cycle", NULL,
     "CPU time of the worker's process for each cycle"},
    {"instructions.per_cycle", "", COMPARE_RATIO, 0.01, true, true, "instructions_per_cycle", NULL,
     "instructions in user mode for each cycle"},
    {"syscalls.per_cycle", "", COMPARE_RATIO, 0.01, true, true, "syscalls_per_cycle", NULL,
     "system calls of the worker's process for each cycle"},
    {"memory.peak", "bytes", COMPARE_RATIO, 0.05, false, true, "peak_rss_bytes", NULL,
     "most resident memory of the worker"},
    {"heap.per_cycle", "bytes", COMPARE_DIFFERENCE, 16, false, true, "heap_bytes_per_cycle", NULL,
     "heap that stays for each cycle"},
    LATENCY("connect", "connects, TLS handshake included", true),
    LATENCY("tcp", "TCP connects, as the client tells", false),
    LATENCY("tls", "TLS handshakes, as the client tells", true),
    LATENCY("first_byte", "times to first byte, as the client tells", false),
    LATENCY("request", "requests", true),
    LATENCY("ping", "pings", false),
    LATENCY("close", "closes", false),
    LATENCY("cycle", "cycles, holds included", true),
};

size_t compare_metric_named(const char *name)
{
    static const char other[] = "handshake.";
    char real[32];
    if (strncmp(name, other, sizeof other - 1) == 0 && strlen(name) < sizeof other + 8) {
        memcpy(real, "tls.", 4);
        memcpy(real + 4, name + sizeof other - 1, strlen(name) - (sizeof other - 1) + 1);
        name = real;
    }
    size_t i = 0;
    while (i < COMPARE_METRICS && strcmp(compare_metrics[i].name, name) != 0) {
        i++;
    }
    return i;
}

void compare_side_release(struct compare_side *side)
{
    for (size_t i = 0; i < side->hit_count; i++) {
        free(side->hits[i].key);
        free(side->hits[i].kind);
        free(side->hits[i].title);
        free(side->hits[i].reproduce);
    }
    free(side->hits);
    free(side->trials);
    free(side->build_id);
    free(side->options);
    free(side->client);
    free(side->path);
    free(side->digest);
    memset(side, 0, sizeof *side);
}

bool compare_side_same_build(const struct compare_side *one, const struct compare_side *other)
{
    return one->build_id[0] != '\0' && strcmp(one->build_id, other->build_id) == 0 &&
           verbatim_same(one->options, other->options);
}

const struct compare_hit *compare_side_hit(const struct compare_side *side, const char *key)
{
    for (size_t i = 0; i < side->hit_count; i++) {
        if (strcmp(side->hits[i].key, key) == 0) {
            return &side->hits[i];
        }
    }
    return NULL;
}

uint64_t compare_side_failed(const struct compare_side *side, bool crashes, bool leaks)
{
    return leaks ? (crashes ? side->failed : side->with_leaks)
                 : (crashes ? side->failed - side->with_leaks_only : 0);
}

bool compare_trial_failed(const struct compare_trial *trial, bool crashes, bool leaks)
{
    return (crashes && trial->failed && !trial->leaks_only) || (leaks && trial->leaked);
}
