/* SPDX-License-Identifier: MIT
 *
 * Writes EIGHTH_TEST_SAYS to its standard error in the fifth request, and then ends itself as
 * EIGHTH_TEST_END says: "abort", "raise" (SIGABRT), "assert", "free" (twice), or, without it, not.
 */
#include "tests/run/clients/base.h"

#include <assert.h>
#include <signal.h>

#define NOINLINE __attribute__((noinline))

static void *volatile object;
static volatile int sink;

NOINLINE static void give_up(const char *how)
{
    if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "raise") == 0) {
        (void)raise(SIGABRT);
    } else if (strcmp(how, "assert") == 0) {
        assert(object == NULL && "all given back");
    } else if (strcmp(how, "free") == 0) {
        free(object);
        free(object);
    }
    sink = 0; /* no tail call: this function stays on the stack */
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *text = getenv("EIGHTH_TEST_SAYS");
    const char *how = getenv("EIGHTH_TEST_END");
    if (operation == AT_REQUEST && count == 4) {
        object = malloc(40);
        (void)fprintf(stderr, "%s", text != NULL ? text : "");
        give_up(how != NULL ? how : "");
    }
}
