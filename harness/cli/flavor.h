/* SPDX-License-Identifier: MIT
 *
 * The flavors in which a worker can run: how it was built, and what its environment adds.
 *
 * poison is no build of its own: it is the plain worker while glibc's malloc overwrites what it
 * gives out and what it takes back, so that a use after free shows itself without a sanitizer.
 */
#ifndef CLI_FLAVOR_H
#define CLI_FLAVOR_H

#include "harness/base/failure.h"

#include <stdbool.h>
#include <stddef.h>

struct flavor {
    const char *name;  /**< "poison": in options, scenarios and reports */
    const char *built; /**< "plain": the build that it runs */
    bool poisoned;
};

#define FLAVORS 4U

/** All of them, in the order in which they run: the cheapest first. */
extern const struct flavor flavors[FLAVORS];

/** Whether external programs run in it: they come as they are built. */
bool flavor_runs_programs(const struct flavor *flavor);

/** The flavor with that name, or NULL. */
const struct flavor *flavor_named(const char *name);

/** The environment of the flavor's workers, "NAME=VALUE" each, ended by NULL, made from this
 *  process's own; NULL where it is the same. The user's GLIBC_TUNABLES stay and win over what
 *  poison sets. The caller frees it with flavor_environment_free. Fails with FAILURE_ENVIRONMENT:
 *  no memory. */
int flavor_environment(const struct flavor *flavor, char *const *own, char ***environment,
                       struct failure *failure);

/** Frees it; NULL is allowed. */
void flavor_environment_free(char **environment);

#endif
