/* SPDX-License-Identifier: MIT
 *
 * Never returns from the fourth close. With EIGHTH_TEST_STUBBORN it ignores SIGTERM besides.
 */
#include "tests/run/clients/base.h"

#include <signal.h>

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_INIT && getenv("EIGHTH_TEST_STUBBORN") != NULL) {
        (void)signal(SIGTERM, SIG_IGN);
    }
    while (operation == AT_CLOSE && count == 3) {
        pause();
    }
}
