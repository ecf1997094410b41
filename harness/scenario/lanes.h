/* SPDX-License-Identifier: MIT
 *
 * How many threads of a worker run operations: the controller sizes the logbook by it, the worker
 * makes its threads by it.
 *
 * Lanes in order: one for each pool thread; then the racers of thread 0, of thread 1, ...; the main
 * thread's is the last.
 */
#ifndef SCENARIO_LANES_H
#define SCENARIO_LANES_H

#include "harness/scenario/model.h"

#include <stdint.h>

/** The most operations that a race of the scenario starts at once; 0 without a race. */
uint32_t lanes_widest_race(const struct scenario *scenario);

/** Racer threads of each pool thread: the pool thread runs one operation of a race itself. */
uint32_t lanes_racers(const struct scenario *scenario);

/** Processes of an external program that run at once at most: as many as there are threads in
 *  load.threads, but no more than clients. 0 for a library. */
uint32_t lanes_programs(const struct scenario *scenario);

/** All lanes: load.threads x (1 + racers) + 1. With an external program one for each process that
 *  runs at once. */
uint32_t driver_lanes(const struct scenario *scenario);

#endif
