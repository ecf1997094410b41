/* SPDX-License-Identifier: MIT
 *
 * Filling in struct eighth_error. eighth passes it whole, as large as this header knows it or
 * larger.
 */
#ifndef ADAPTERS_ERROR_H
#define ADAPTERS_ERROR_H

#include "client/eighth_client.h"

/** Fills *error and returns -1. Too long a text is cut. */
int error_set(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
              int64_t code, const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The same for a failed system call: its errno value chooses the class and is the code. */
int error_errno(struct eighth_error *error, enum eighth_phase phase, int number, const char *what);

/** No memory left. */
int error_memory(struct eighth_error *error, enum eighth_phase phase);

/** An operation on a connection that is not open. */
int error_not_open(struct eighth_error *error, enum eighth_phase phase);

#endif
