/* SPDX-License-Identifier: MIT
 *
 * Counts the client's allocations, where it lets its allocator be replaced: exact, and in every
 * flavor, unlike what malloc tells.
 */
#ifndef WORKER_ALLOCATIONS_H
#define WORKER_ALLOCATIONS_H

#include "client/eighth_client.h"

#include <stdbool.h>
#include <stdint.h>

/** Hands the client functions that count. Before its init, once. False if it takes none. */
bool allocations_watch(const struct eighth_client *client);

/** What it allocated and did not release yet; 0 without allocations_watch. Exact when no other
 *  thread is in the client. */
int64_t allocations_live(void);

#endif
