/* SPDX-License-Identifier: MIT
 *
 * Which module is the client, by what ran and what was on the stack.
 */
#include "harness/judge/program_module.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *executable, const char *const *modules, const char *wanted)
{
    struct thread_stacks stacks = THREAD_STACKS_INIT;
    struct stack *stack = thread_stacks_add(&stacks);
    assert_non_null(stack);
    (void)snprintf(stacks.executable, sizeof stacks.executable, "%s", executable);
    for (size_t i = 0; modules[i] != NULL; i++) {
        struct stack_frame frame = {.pc = 0x1000 + i, .module = (char *)(uintptr_t)modules[i]};
        assert_int_equal(stack_add(stack, &frame), 0);
    }
    assert_string_equal(program_module(&stacks, "started"), wanted);
    thread_stacks_release(&stacks);
}

static void test_the_executable_is_the_client(void **state)
{
    static const char *const modules[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/opt/lib.so", NULL};
    (void)state;
    check("client", modules, "client");
    check("python-client", modules, "python-client");
    check("shell", modules, "shell");
    check("", modules, "started");
}

static void test_an_interpreter_gives_way_to_what_it_called(void **state)
{
    static const char *const called[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/opt/fast.so",
                                         "/usr/lib/libffi.so.8", "/usr/bin/python3.11", NULL};
    static const char *const itself[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/python3.11",
                                         "/opt/fast.so", NULL};
    static const char *const nothing[] = {NULL};
    (void)state;
    check("python3.11", called, "fast.so");
    check("python3.11", itself, "(script)");
    check("node", nothing, "(script)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_executable_is_the_client),
        cmocka_unit_test(test_an_interpreter_gives_way_to_what_it_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
