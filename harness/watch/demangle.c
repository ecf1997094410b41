/* SPDX-License-Identifier: MIT
 *
 * For C++ asks libstdc++, which is loaded when the first mangled name comes: so a C program does
 * not need it to be built, nor to run. For Rust asks libiberty, which every demangler of binutils
 * and gdb is made of, too.
 */
#include "harness/watch/demangle.h"

#include "harness/base/buffer.h"

#include <dlfcn.h>
#include <libiberty/demangle.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* What libstdc++ takes apart by recursion should not be without end, even if it counts. */
#define LONGEST 4096U
/* A name of Rust may refer to its own parts, and so grow to any size out of 400 bytes. */
#define RUST_LONGEST 4096U
#define RUST_PIECES 4096U

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

struct rust_name {
    struct buffer text;
    unsigned pieces;
    jmp_buf enough; /* libiberty asks nobody whether to go on */
};

static void rust_piece(const char *piece, size_t length, void *context)
{
    struct rust_name *name = context;
    if (++name->pieces > RUST_PIECES || name->text.length + length > RUST_LONGEST) {
        longjmp(name->enough, 1);
    }
    buffer_add(&name->text, piece, length);
}

static bool rust_print(const char *mangled, struct rust_name *name)
{
    if (setjmp(name->enough) != 0) {
        return false;
    }
    return rust_demangle_callback(mangled, 0, rust_piece, name) != 0;
}

static char *rust(const char *mangled)
{
    struct rust_name name = {.text = BUFFER_INIT};
    bool whole = rust_print(mangled, &name);
    char *readable = whole ? strdup(buffer_text(&name.text)) : NULL;
    buffer_clear(&name.text);
    return readable;
}

char *demangle(const char *name)
{
    int status = -1;
    if (strnlen(name, LONGEST) == LONGEST) {
        return NULL;
    }
    if (strncmp(name, "_R", 2) == 0) {
        return rust(name);
    }
    if (strncmp(name, "_Z", 2) != 0) {
        return NULL;
    }
    (void)pthread_once(&once, load);
    return demangler != NULL ? demangler(name, NULL, NULL, &status) : NULL;
}
