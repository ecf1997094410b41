/* SPDX-License-Identifier: MIT
 *
 * Crashes inside init: before there is any connection.
 */
#include "tests/run/clients/base.h"

static void misbehave(enum base_operation operation, unsigned count)
{
    (void)count;
    if (operation == AT_INIT) {
        int *volatile nowhere = (int *)8;
        *nowhere = 1;
    }
}
