/* SPDX-License-Identifier: MIT
 *
 * Reads memory that it freed, once, in its fifth request: a pointer in a freed object that is still
 * there without poison, and follows it. With EIGHTH_TEST_STALE=no it keeps the object.
 */
#include "tests/run/clients/base.h"

#include <stdbool.h>

struct object {
    char before[32]; /* malloc's own pointers go here */
    const int *number;
    char after[32]; /* it leaves the last word as it was */
};

static const int seven = 7;
static volatile int sum;

/* The compiler must not know where the pointer comes from. */
static void __attribute__((noinline)) look(const struct object *volatile object)
{
    sum += *object->number;
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *stale = getenv("EIGHTH_TEST_STALE");
    bool keeps = stale != NULL && strcmp(stale, "no") == 0;
    if (operation != AT_REQUEST || count != 4) {
        return;
    }
    struct object *object = malloc(sizeof *object);
    if (object == NULL) {
        return;
    }
    object->number = &seven;
    struct object *volatile alias = object;
    if (!keeps) {
        free(object);
    }
    look(alias);
    if (keeps) {
        free(object);
    }
}
