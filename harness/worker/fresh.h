/* SPDX-License-Identifier: MIT
 *
 * load.fresh_threads: a pool thread lends its lane to a new thread and waits until that has ended.
 * What a client keeps for each thread and does not give back at the thread's end shows as a leak.
 *
 * With pinned instances the new thread runs a whole cycle, its holds included. With migrating ones
 * each step gets a new thread.
 */
#ifndef WORKER_FRESH_H
#define WORKER_FRESH_H

#include "harness/worker/instance.h"

/** Runs a cycle, or one turn, on a new thread that is joined. As instance_turn. If no thread can be
 *  made, the worker is refused and its process ends: that is the machine's fault. */
enum turn fresh_turn(struct driver *driver, struct lane *lane, struct racers *racers,
                     struct instance *instance, bool whole_cycle);

#endif
