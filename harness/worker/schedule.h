/* SPDX-License-Identifier: MIT
 *
 * When cycles should begin in an open model (load.start rate) and when clients are active
 * (load.stages). Pure functions of the load: offsets are ns from the beginning of the schedule.
 */
#ifndef WORKER_SCHEDULE_H
#define WORKER_SCHEDULE_H

#include "harness/scenario/model.h"

#include <stdint.h>

#define SCHEDULE_NEVER UINT64_MAX

/** When the n-th cycle (from 0) should begin: at a constant load.rate, or with stages when the sum
 *  of the rate over time reaches n; the stages begin at load.rate. SCHEDULE_NEVER when the stages
 *  end before. */
uint64_t schedule_arrival(const struct load_model *load, uint64_t n);

/** How many cycles of a constant load.rate should begin before the offset. */
uint64_t schedule_arrivals_before(const struct load_model *load, uint64_t offset);

/** For how long a drain kept the cycle number `next` from clients that could have begun it: by so
 *  much a constant load.rate must be put off. zero: the instant of the schedule's beginning; free:
 *  since when each of the `count` clients has been free, earliest first; resumed: the instant at
 *  which cycles may begin again, not before any of these.
 *
 *  - If the clients would have caught up with the schedule meanwhile, that is from when the cycle
 *    was due and a client was free. What had to wait until then stays late, and no more.
 *  - Else each of them has lost what it could have worked from its own end on, and the schedule
 *    stands for as long as they have lost on average: the rest is the clients' own lateness. */
uint64_t schedule_pause(const struct load_model *load, uint64_t zero, uint64_t next,
                        const uint64_t *free, uint32_t count, uint64_t resumed);

/** The first instant, not before offset, at which a client (from 0) is active: when the number of
 *  active clients, which moves along the stages from 0, is above its number. SCHEDULE_NEVER if it
 *  will not be. */
uint64_t schedule_activation(const struct load_model *load, uint32_t client, uint64_t offset);

/** How long the stages last together. */
uint64_t schedule_length(const struct load_model *load);

#endif
