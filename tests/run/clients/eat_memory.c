/* SPDX-License-Identifier: MIT
 *
 * Takes and touches memory in the second open until somebody stops it, at most 2 GiB.
 */
#include "tests/run/clients/base.h"

#include <time.h>

static void misbehave(enum base_operation operation, unsigned count)
{
    const struct timespec pause_time = {0, 2000000};
    for (int i = 0; i < 512 && operation == AT_OPEN && count == 1; i++) {
        char *memory = malloc((size_t)4 << 20);
        if (memory != NULL) {
            memset(memory, 1, (size_t)4 << 20);
        }
        (void)nanosleep(&pause_time, NULL);
    }
}
