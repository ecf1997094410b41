/* SPDX-License-Identifier: MIT
 *
 * Where load may be sent: to this machine, and elsewhere only when the user named the host on the
 * command line.
 */
#ifndef WATCH_REMOTE_H
#define WATCH_REMOTE_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <stddef.h>

/** 0 if the scenario's target is embedded, if every address of its host is a loopback address, or
 *  if the host is one of allowed. Else FAILURE_USAGE (or FAILURE_ENVIRONMENT if the name cannot be
 *  resolved). */
int remote_check(const struct scenario *scenario, const char *const *allowed, size_t allowed_count,
                 struct failure *failure);

#endif
