/* SPDX-License-Identifier: MIT
 *
 * The target's sockets before any connection, and how many descriptors it may have.
 */
#ifndef TARGET_LISTENER_H
#define TARGET_LISTENER_H

#include "harness/base/failure.h"

#include <stdint.h>

/** A non-blocking socket that listens at 127.0.0.1. *port 0: any; it is set to the port taken.
 *  Returns the socket, or -1 with FAILURE_ENVIRONMENT that names a port in use. */
int listener_open(uint16_t *port, struct failure *failure);

/** A socket that is bound but does not listen: connecting to its port is refused, and nobody else
 *  can take it. As listener_open. */
int listener_refuse(uint16_t *port, struct failure *failure);

/** Raises RLIMIT_NOFILE to its hard limit, and that too where the process may. */
void listener_raise_descriptors(void);

#endif
