/* SPDX-License-Identifier: MIT
 *
 * Decides how malloc poisons: by the tunables of glibc (2.26 and later).
 *
 * glibc.malloc.perturb fills freed chunks with its byte and new ones with the complement. Its
 * per-thread cache takes small chunks back without filling them, so it is turned off. 0xa5 and 0x5a
 * make addresses that no x86-64 or arm64 process can have: the first use of a stale pointer faults.
 * The first two words of a freed chunk may be malloc's own pointers, the last one stays.
 */
#include "harness/cli/flavor.h"

#include "harness/base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define TUNABLES "GLIBC_TUNABLES="

const struct flavor flavors[FLAVORS] = {
    {"plain", "plain", false},
    {"poison", "plain", true},
    {"asan", "asan", false},
    {"tsan", "tsan", false},
};

static const struct tunable {
    const char *name;
    const char *value;
} poison[] = {
    {"glibc.malloc.perturb", "165"},
    {"glibc.malloc.tcache_count", "0"},
};

bool flavor_runs_programs(const struct flavor *flavor)
{
    return strcmp(flavor->built, "plain") == 0;
}

const struct flavor *flavor_named(const char *name)
{
    for (size_t i = 0; i < FLAVORS; i++) {
        if (strcmp(flavors[i].name, name) == 0) {
            return &flavors[i];
        }
    }
    return NULL;
}

/* Whether a list such as "glibc.malloc.perturb=1:glibc.cpu.x=2" sets the tunable. */
static bool sets(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ':')) {
        at += *at == ':';
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            return true;
        }
    }
    return false;
}

/* The tunables of poison behind those of the user, whose choice stays. */
static char *merged_tunables(const char *users)
{
    struct buffer text = BUFFER_INIT;
    buffer_printf(&text, TUNABLES "%s", users);
    for (size_t i = 0; i < sizeof poison / sizeof poison[0]; i++) {
        if (!sets(users, poison[i].name)) {
            bool first = buffer_text(&text)[text.length - 1] == '=';
            buffer_printf(&text, "%s%s=%s", first ? "" : ":", poison[i].name, poison[i].value);
        }
    }
    if (text.truncated) {
        buffer_clear(&text);
        return NULL;
    }
    return text.text;
}

static int no_memory(struct failure *failure)
{
    return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the worker's environment");
}

int flavor_environment(const struct flavor *flavor, char *const *own, char ***environment,
                       struct failure *failure)
{
    size_t count = 0;
    size_t kept = 0;
    const char *users = "";
    *environment = NULL;
    if (!flavor->poisoned) {
        return 0;
    }
    while (own[count] != NULL) {
        count++;
    }
    char **words = calloc(count + 2, sizeof *words);
    bool ok = words != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        if (strncmp(own[i], TUNABLES, strlen(TUNABLES)) == 0) {
            users = own[i] + strlen(TUNABLES);
        } else {
            words[kept] = strdup(own[i]);
            ok = words[kept++] != NULL;
        }
    }
    if (ok) {
        words[kept] = merged_tunables(users);
        ok = words[kept] != NULL;
    }
    if (!ok) {
        flavor_environment_free(words);
        return no_memory(failure);
    }
    *environment = words;
    return 0;
}

void flavor_environment_free(char **environment)
{
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        free(environment[i]);
    }
    free(environment);
}
