/* SPDX-License-Identifier: MIT
 *
 * Takes the executable, unless it is an interpreter.
 */
#include "harness/judge/program_module.h"

#include "harness/judge/signature_class.h"

#include <stdbool.h>
#include <string.h>

static bool begins_with_one(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(list[i]);
        /* "python3.11", "ruby2.7", but not "javascript-client" */
        if (strncmp(name, list[i], length) == 0 &&
            strspn(name + length, "0123456789.-") == strlen(name + length)) {
            return true;
        }
    }
    return false;
}

static bool is_interpreter(const char *name)
{
    static const char *const names[] = {"python", "node", "nodejs", "java", "ruby", "perl",   "php",
                                        "lua",    "sh",   "bash",   "dash", "zsh",  "busybox"};
    return begins_with_one(name, names, sizeof names / sizeof *names);
}

/* What stands between a script and the native code that it calls, or below that code. */
static bool is_between(const char *module)
{
    static const char *const names[] = {"libffi.so.", "libstdc++.so.", "libgcc_s.so.", "libpython",
                                        "libruby"};
    const char *file = signature_file_name(module);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(file, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return signature_is_libc(module);
}

/* NULL: the interpreter itself did it, and what its script did is not seen. */
static const char *called_module(const struct stack *stack, const char *interpreter)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        const char *module = stack->frames[i].module;
        if (module == NULL || is_between(module)) {
            continue;
        }
        const char *file = signature_file_name(module);
        return strcmp(file, interpreter) != 0 ? file : NULL;
    }
    return NULL;
}

const char *program_module(const struct thread_stacks *stacks, const char *otherwise)
{
    static const char script[] = "(script)"; /* no module is called so */
    const char *executable = stacks->executable;
    if (executable[0] == '\0') {
        return otherwise;
    }
    if (!is_interpreter(executable)) {
        return executable;
    }
    const char *called = stacks->count > 0 ? called_module(&stacks->threads[0], executable) : NULL;
    return called != NULL ? called : script;
}
