/* SPDX-License-Identifier: MIT
 *
 * The table of figures that thresholds can limit.
 */
#include "harness/scenario/metrics.h"

#include <string.h>

#define LATENCY(name, latency, what)                                                               \
    {name ".mean", METRIC_LATENCY, METRIC_NS, latency, METRIC_MEAN, "mean of " what},              \
        {name ".p50", METRIC_LATENCY, METRIC_NS, latency, 0.5, "median of " what},                 \
        {name ".p90", METRIC_LATENCY, METRIC_NS, latency, 0.9, "90 % of " what " are no longer"},  \
        {name ".p99", METRIC_LATENCY, METRIC_NS, latency, 0.99, "99 % of " what " are no longer"}, \
        {name ".p99.9", METRIC_LATENCY, METRIC_NS,                                                 \
         latency,       0.999,          "99.9 % of " what " are no longer"},                       \
    {                                                                                              \
        name ".max", METRIC_LATENCY, METRIC_NS, latency, 1.0, "longest of " what                   \
    }

#define FIGURE(name, id, unit, help) \
    {                                \
        name, id, unit, 0, 0.0, help \
    }

const struct metric threshold_metrics[] = {
    LATENCY("connect", LATENCY_CONNECT, "the connects, TLS handshake included"),
    LATENCY("tcp", LATENCY_TCP, "the TCP connects, as the client tells"),
    LATENCY("tls", LATENCY_TLS, "the TLS handshakes, as the client tells"),
    LATENCY("handshake", LATENCY_TLS, "the TLS handshakes (another name of tls)"),
    LATENCY("first_byte", LATENCY_FIRST_BYTE, "the times to first byte, as the client tells"),
    LATENCY("request", LATENCY_REQUEST, "the requests"),
    LATENCY("ping", LATENCY_PING, "the pings"),
    LATENCY("close", LATENCY_CLOSE, "the closes"),
    LATENCY("cycle", LATENCY_CYCLE, "the cycles, holds included"),
    FIGURE("errors.rate", METRIC_ERRORS_RATE, METRIC_RATIO,
           "failed operations that no fault explains, of all operations"),
    FIGURE("errors.count", METRIC_ERRORS_COUNT, METRIC_COUNT,
           "failed operations that no fault explains"),
    FIGURE("cycles.failed", METRIC_CYCLES_FAILED, METRIC_COUNT,
           "cycles ended by a step that did not do what it should"),
    FIGURE("cycles.rate", METRIC_CYCLES_RATE, METRIC_PER_SECOND, "cycles completed per second"),
    FIGURE("handshakes.resumed.rate", METRIC_HANDSHAKES_RESUMED_RATE, METRIC_RATIO,
           "resumed handshakes, of all that succeeded"),
    FIGURE("cpu.per_cycle", METRIC_CPU_PER_CYCLE, METRIC_NS,
           "CPU time of the worker's process for each cycle"),
    FIGURE("memory.peak", METRIC_MEMORY_PEAK, METRIC_BYTES, "most resident memory of the worker"),
    FIGURE("memory.per_instance", METRIC_MEMORY_PER_INSTANCE, METRIC_BYTES,
           "growth of resident memory over its baseline, for each of the most instances held"),
};

const size_t threshold_metric_count = sizeof threshold_metrics / sizeof *threshold_metrics;

const struct metric *metric_named(const char *name)
{
    for (size_t i = 0; i < threshold_metric_count; i++) {
        if (strcmp(threshold_metrics[i].name, name) == 0) {
            return &threshold_metrics[i];
        }
    }
    return NULL;
}

const char *metric_unit_name(enum metric_unit unit)
{
    static const char *const names[] = {"duration", "size", "ratio", "number", "rate"};
    return (unsigned)unit < sizeof names / sizeof *names ? names[unit] : "?";
}
