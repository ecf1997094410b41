/* SPDX-License-Identifier: MIT
 *
 * Names of the recorded operations.
 */
#include "harness/base/flight.h"

const char *flight_operation_name(unsigned operation)
{
    static const char *const names[FLIGHT_OPERATIONS] = {
        "nothing", "create", "open", "request", "ping", "close", "free",
        "export",  "import", "init", "cleanup", "hold", "run",
    };
    return operation < FLIGHT_OPERATIONS ? names[operation] : "?";
}
