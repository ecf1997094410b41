/* SPDX-License-Identifier: MIT
 *
 * Rounds: how much is run between two resource samples. At the end of a round all instances are
 * closed and freed.
 *
 * - With load.cycles a round is load.sample_every cycles of each client; the last may be shorter.
 *   With load.start together each cycle of it begins at a gate.
 * - With load.duration_ns rounds follow each other until the time, drains included, is over. No
 *   cycle begins after that; those that run end by themselves.
 * - With load.stages the whole schedule is one round: a drain would cut into the ramps.
 * - With a rate, a round is as many arrivals as the clients would have cycles. The schedule is put
 *   off by what draining and sampling cost it (schedule_pause); lateness of the clients stays. In a
 *   closed number of cycles every arrival is served, however late; where time ends the load, those
 *   that no client was free for by then are dropped, and a note says how many.
 * - With load.start staggered the cycles of the first round begin spread over load.stagger_ns;
 * later rounds begin at once after the sample, without a gate.
 */
#ifndef WORKER_ROUNDS_H
#define WORKER_ROUNDS_H

#include "harness/worker/pool.h"

/** Runs all rounds, each followed by a sample. Main thread. */
void rounds_run(struct driver *driver, struct pool *pool);

/** Cycles that have ended so far. Exact between waves. */
uint64_t rounds_cycles(const struct driver *driver);

#endif
