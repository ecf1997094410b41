/* SPDX-License-Identifier: MIT
 *
 * Finds the logbook among its own mappings and overwrites all of it with noise, then dies. What is
 * left in there must not harm whoever reads it.
 */
#include "tests/run/clients/base.h"

static void scribble(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from;
        unsigned long to;
        char mode[8];
        if (strstr(line, "eighth-logbook") != NULL &&
            sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[1] == 'w') {
            uint64_t noise = 88172645463325252U;
            for (uint64_t *at = (uint64_t *)from; at < (uint64_t *)to; at++) {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                *at = noise;
            }
        }
    }
    abort();
}

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST && count == 1) {
        scribble();
    }
}
