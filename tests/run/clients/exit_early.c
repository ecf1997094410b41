/* SPDX-License-Identifier: MIT
 *
 * Ends the process in the third request with the status in EIGHTH_TEST_STATUS (default 0).
 */
#include "tests/run/clients/base.h"

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *text = getenv("EIGHTH_TEST_STATUS");
    if (operation == AT_REQUEST && count == 2) {
        _exit(text != NULL ? atoi(text) : 0);
    }
}
