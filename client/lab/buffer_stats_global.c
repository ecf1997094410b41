/* SPDX-License-Identifier: MIT
 *
 * Defect: statistics of the process counted by plain additions.
 */
#include "client/lab/defects.h"

/* What h2_counters_create makes: zeroed numbers. Plain and atomic ones have the same layout. */
struct h2_counters {
    int64_t values[H2_COUNTERS];
};

_Static_assert(sizeof(int64_t) == sizeof(_Atomic int64_t), "counters of one size");

static void plain_add(struct h2_counters *counters, enum h2_counter which, int64_t amount)
{
    counters->values[which] += amount;
}

static int64_t plain_read(struct h2_counters *counters, enum h2_counter which)
{
    return counters->values[which];
}

static const struct h2_counter_ops plain_counters = {plain_add, plain_read};

static int apply(struct h2_seams *seams)
{
    seams->counters = &plain_counters;
    return 0;
}

const struct lab_defect lab_buffer_stats_global = {
    .name = "buffer-stats-global",
    .seed = "the statistics of the buffer pool are state shared by all instances",
    .mechanism = "load, add, store: of two threads that add at once, one's addition is lost; no "
                 "memory is harmed",
    .plain = "wrong-total",
    .asan = "wrong-total",
    .tsan = "tsan; also wrong-total",
    .twin = "{} (atomic additions); {\"statistics\": \"instance\"} (counted by each instance, "
            "added up when it is freed)",
    .apply = apply,
};
