/* SPDX-License-Identifier: MIT
 *
 * Asks libstdc++, which is loaded when the first mangled name comes: so a C program does not need
 * it to be built, nor to run.
 */
#include "harness/watch/demangle.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

/* What libstdc++ takes apart by recursion should not be without end, even if it counts. */
#define LONGEST 4096U

typedef char *demangle_fn(const char *name, char *buffer, size_t *length, int *status);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static demangle_fn *demangler;

static void load(void)
{
    void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) {
        void *function = dlsym(library, "__cxa_demangle");
        memcpy(&demangler, &function, sizeof demangler);
    }
}

char *demangle(const char *name)
{
    int status = -1;
    if (strncmp(name, "_Z", 2) != 0 || strnlen(name, LONGEST) == LONGEST) {
        return NULL;
    }
    (void)pthread_once(&once, load);
    return demangler != NULL ? demangler(name, NULL, NULL, &status) : NULL;
}
