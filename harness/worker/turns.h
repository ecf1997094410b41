/* SPDX-License-Identifier: MIT
 *
 * What a pool thread does from its start to its end.
 */
#ifndef WORKER_TURNS_H
#define WORKER_TURNS_H

#include "harness/worker/pool.h"

/** The thread's start routine; argument is its struct pool_thread. Runs turns until pool->stop. */
void *turns_main(void *argument);

/** The keeper's: keeps what waits for a time or an arrival, until pool->stop. */
void *turns_keep(void *argument);

#endif
