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

/** The first instant, not before offset, at which a client (from 0) is active: when the number of
 *  active clients, which moves along the stages from 0, is above its number. SCHEDULE_NEVER if it
 *  will not be. */
uint64_t schedule_activation(const struct load_model *load, uint32_t client, uint64_t offset);

/** How long the stages last together. */
uint64_t schedule_length(const struct load_model *load);

#endif
