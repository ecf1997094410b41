/* SPDX-License-Identifier: MIT
 *
 * Looks for abort in the stack, and at the frames that called it.
 */
#include "harness/watch/abort_caller.h"

#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* glibc's own name for what it exports, where its debug symbols are installed. */
static const char *public_name(const char *function)
{
    static const char prefix[] = "__GI_";
    size_t length = sizeof prefix - 1;
    return function != NULL && strncmp(function, prefix, length) == 0 ? function + length
                                                                      : function;
}

static bool is_one_of(const char *function, const char *const *names, size_t count)
{
    const char *name = public_name(function);
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Where libc is linked statically its names are all that there is. */
static bool is_libc(const struct stack_frame *frame)
{
    static const char *const names[] = {
        "malloc_printerr", "__libc_message",  "__libc_message_impl", "__libc_message_wrapper",
        "__libc_fatal",    "__malloc_assert", "__libc_assert_fail",  "__assert_fail_base",
        "__assert_fail",   "__assert",        "__fortify_fail",      "__stack_chk_fail",
        "__chk_fail"};
    const char *module = frame->module == NULL ? "" : base_name(frame->module);
    return strncmp(module, "libc.so", 7) == 0 || strncmp(module, "libc-", 5) == 0 ||
           strncmp(module, "ld-musl", 7) == 0 ||
           is_one_of(frame->function, names, sizeof names / sizeof names[0]);
}

/* Where the runtime or OpenSSL is part of the client. */
static bool is_library(const struct stack_frame *frame, const char *module)
{
    static const char *const names[] = {"OPENSSL_die",
                                        "__gnu_cxx::__verbose_terminate_handler()",
                                        "_ZN9__gnu_cxx27__verbose_terminate_handlerEv",
                                        "__cxxabiv1::__terminate(void (*)())",
                                        "_ZN10__cxxabiv111__terminateEPFvvE",
                                        "std::terminate()",
                                        "_ZSt9terminatev",
                                        "abort_message",
                                        "__cxa_pure_virtual"};
    const char *file = frame->module == NULL ? NULL : base_name(frame->module);
    return (file != NULL && module[0] != '\0' && strcmp(file, module) != 0) ||
           is_one_of(frame->function, names, sizeof names / sizeof names[0]);
}

static bool is_assertion(const struct stack_frame *frame)
{
    static const char *const names[] = {"__assert_fail", "__assert_fail_base", "__assert"};
    return is_one_of(frame->function, names, sizeof names / sizeof names[0]);
}

enum abort_caller abort_caller_of(const struct stack *stack, const char *module)
{
    uint32_t at = 0;
    if (stack == NULL || stack->count == 0) {
        return ABORT_BY_UNKNOWN;
    }
    static const char *const itself[] = {"abort"};
    while (at < stack->count && !is_one_of(stack->frames[at].function, itself, 1)) {
        at++;
    }
    uint32_t caller = at + 1;
    if (caller >= stack->count) {
        bool whole = at == stack->count && !stack->broken && stack->quality >= STACK_FAIR;
        return whole ? ABORT_BY_CLIENT : ABORT_BY_UNKNOWN;
    }
    if (!is_libc(&stack->frames[caller])) {
        return is_library(&stack->frames[caller], module) ? ABORT_BY_LIBRARY : ABORT_BY_CLIENT;
    }
    for (; caller < stack->count && is_libc(&stack->frames[caller]); caller++) {
        if (is_assertion(&stack->frames[caller])) {
            return ABORT_BY_ASSERTION;
        }
    }
    return ABORT_BY_LIBC;
}
