/* SPDX-License-Identifier: MIT
 *
 * What the client says about itself, for the controller to compare with what the driver counted.
 */
#ifndef WORKER_FIGURES_H
#define WORKER_FIGURES_H

#include "client/eighth_client.h"
#include "harness/base/logbook.h"

/** Asks the client's stats(), if it has one, and notes its figures in the logbook; those that have
 *  no room are left out. On the main thread, when no instance is left. */
void figures_take(const struct eighth_client *table, eighth_process *process,
                  struct logbook *logbook);

#endif
