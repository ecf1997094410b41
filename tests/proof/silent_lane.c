/* SPDX-License-Identifier: MIT
 *
 * The worker's lanes without the recorder, so that its cost can be measured: this object takes the
 * place of lane.o when the silent worker is linked.
 */
#include "harness/base/flight.h"

#define flight_write(ring, record) ((void)(ring), (void)(record))
#include "harness/worker/lane.c" /* NOLINT(bugprone-suspicious-include) */
