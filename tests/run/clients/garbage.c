/* SPDX-License-Identifier: MIT
 *
 * Writes a megabyte of every byte there is to standard output and error in each open, and is fine
 * otherwise; with EIGHTH_TEST_STATUS it ends the process with that status in the last cleanup.
 */
#include "tests/run/clients/base.h"

static void misbehave(enum base_operation operation, unsigned count)
{
    char bytes[4096];
    const char *text = getenv("EIGHTH_TEST_STATUS");
    (void)count;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 7 + i / 256);
    }
    for (int i = 0; i < 256 && operation == AT_OPEN; i++) {
        if (write(1, bytes, sizeof bytes) < 0 || write(2, bytes, sizeof bytes) < 0) {
            return;
        }
    }
    if (operation == AT_CLEANUP && text != NULL) {
        _exit(atoi(text));
    }
}
