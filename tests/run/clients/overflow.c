/* SPDX-License-Identifier: MIT
 *
 * Overflows the stack in a request: in the eighth one, or with EIGHTH_TEST_OVERFLOW=racer in the
 * first that does not run on the thread that opened.
 */
#include "tests/run/clients/base.h"

#include <stdbool.h>

static _Thread_local bool opened_here;
static volatile int depth;

static int sink(int n)
{
    volatile char room[1024];
    room[0] = (char)n;
    depth = n;
    return n < 0 ? 0 : sink(n + 1) + room[0];
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *where = getenv("EIGHTH_TEST_OVERFLOW");
    bool racer = where != NULL && strcmp(where, "racer") == 0;
    opened_here = opened_here || operation == AT_OPEN;
    if (operation == AT_REQUEST && (racer ? !opened_here : count == 7)) {
        depth = sink(0);
    }
}
