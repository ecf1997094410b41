/* SPDX-License-Identifier: MIT
 *
 * What goes into the program log comes out of it; what is damaged does not.
 */
#include "harness/watch/program_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct shared_memory shared = SHARED_MEMORY_INIT;
static struct program_log *written;

static int set_up(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    if (program_log_create(&shared, &failure) != 0) {
        return -1;
    }
    written = program_log_of(&shared, &failure);
    return written != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    shared_memory_release(&shared);
    return 0;
}

static void fill(struct program_end *end)
{
    struct stack_frame named = {.pc = 1,
                                .function = (char[]){"f"},
                                .file = (char[]){"f.c"},
                                .module = (char[]){"/m"},
                                .line = 8,
                                .build_id = "abc"};
    struct stack_frame bare = {.pc = 2, .inlined = true, .exact = true};
    memset(end, 0, sizeof *end);
    end->reasons = PROGRAM_DIED;
    end->process = 3;
    end->cycle = UINT64_C(1) << 40;
    end->refused = true;
    end->sample_count = 2;
    end->samples[1].fds = 77;
    struct stack *stack = thread_stacks_add(&end->stacks);
    assert_non_null(stack);
    stack->tid = 42;
    assert_int_equal(stack_add(stack, &named), 0);
    assert_int_equal(stack_add(stack, &bare), 0);
    end->stacks.signal = (struct stack_signal){.number = 11, .address = 8, .has_address = true};
    end->stacks.register_count = 1;
    (void)strcpy(end->stacks.registers[0].name, "rip");
    buffer_puts(&end->err, "error text");
    buffer_puts(&end->left, "1 child\n");
}

static void expect_filled(const struct program_end *end)
{
    assert_int_equal(end->process, 3);
    assert_int_equal(end->cycle, UINT64_C(1) << 40);
    assert_true(end->refused && !end->forced);
    assert_int_equal(end->samples[1].fds, 77);
    assert_int_equal(end->stacks.count, 1);
    assert_int_equal(end->stacks.signal.number, 11);
    assert_true(end->stacks.signal.has_address);
    assert_string_equal(end->stacks.registers[0].name, "rip");
    const struct stack *stack = &end->stacks.threads[0];
    assert_int_equal(stack->tid, 42);
    assert_int_equal(stack->count, 2);
    assert_string_equal(stack->frames[0].function, "f");
    assert_string_equal(stack->frames[0].build_id, "abc");
    assert_int_equal(stack->frames[0].line, 8);
    assert_null(stack->frames[1].function);
    assert_true(stack->frames[1].inlined && stack->frames[1].exact);
    assert_string_equal(buffer_text(&end->err), "error text");
    assert_string_equal(buffer_text(&end->left), "1 child\n");
    assert_int_equal(end->out.length, 0);
}

static void test_what_goes_in_comes_out(void **state)
{
    (void)state;
    struct program_end end;
    uint64_t cursor = 0;
    for (int i = 0; i < 3; i++) {
        fill(&end);
        assert_int_equal(program_log_add(written, &end), 0);
        program_end_release(&end);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(program_log_next(written, &cursor, &end));
        expect_filled(&end);
        program_end_release(&end);
    }
    assert_false(program_log_next(written, &cursor, &end));
}

/* Cut anywhere, and with each byte turned round: never more than a refusal or other values. */
static void test_damage_is_no_harm(void **state)
{
    (void)state;
    struct program_end end;
    fill(&end);
    assert_int_equal(program_log_add(written, &end), 0);
    program_end_release(&end);
    size_t length = (size_t)atomic_load(&written->used) - sizeof(uint32_t);
    char *record = malloc(length);
    assert_non_null(record);
    memcpy(record, written->records + sizeof(uint32_t), length);
    for (size_t cut = 0; cut < length; cut++) {
        char *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, record, cut);
        assert_false(program_end_read(&end, exact, cut));
        free(exact);
    }
    for (size_t i = 0; i < length; i++) {
        record[i] = (char)~record[i];
        if (program_end_read(&end, record, length)) {
            program_end_release(&end);
        }
        record[i] = (char)~record[i];
    }
    free(record);
}

static void test_a_full_log_counts_what_is_lost(void **state)
{
    (void)state;
    struct program_end end;
    memset(&end, 0, sizeof end);
    char *block = calloc(1, 8 << 20);
    assert_non_null(block);
    buffer_add(&end.err, block, 8 << 20);
    unsigned added = 0;
    while (program_log_add(written, &end) == 0) {
        added++;
    }
    assert_in_range(added, 6, 8);
    assert_int_equal(atomic_load(&written->lost), 1);
    program_end_release(&end);
    free(block);
    uint64_t cursor = 0;
    unsigned read = 0;
    while (program_log_next(written, &cursor, &end)) {
        program_end_release(&end);
        read++;
    }
    assert_int_equal(read, added);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_goes_in_comes_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_is_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_log_counts_what_is_lost, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
