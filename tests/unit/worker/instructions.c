/* SPDX-License-Identifier: MIT
 *
 * The counter sees what threads do that were made after it. Tried with the kernel's clock of user
 * time, which is there where the processor's counters are not.
 */
#include "harness/worker/instructions.h"

#include <linux/perf_event.h>
#include <pthread.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WORK_NS UINT64_C(20000000)

static uint64_t thread_time(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void *work(void *argument)
{
    (void)argument;
    uint64_t until = thread_time() + WORK_NS;
    while (thread_time() < until) {
    }
    return NULL;
}

static void work_in_threads(int count)
{
    pthread_t threads[4];
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void counts_threads_made_later(void **state)
{
    (void)state;
    int counter = instructions_open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
    if (counter < 0) {
        skip(); /* perf_event_open(2) is not allowed here */
    }
    work_in_threads(1);
    assert_int_equal(instructions_read(counter), 0); /* not started */
    instructions_start(counter);
    work_in_threads(3);
    uint64_t counted = instructions_read(counter);
    print_message("%llu ns counted of %llu\n", (unsigned long long)counted,
                  (unsigned long long)(3 * WORK_NS));
    assert_true(counted >= 3 * WORK_NS * 9 / 10);
    instructions_close(counter);
}

static void no_counter_counts_nothing(void **state)
{
    (void)state;
    assert_int_equal(instructions_open_event(~0U, 0), -1);
    instructions_start(-1);
    assert_int_equal(instructions_read(-1), 0);
    instructions_close(-1);
}

static void counts_instructions_where_it_can(void **state)
{
    (void)state;
    int counter = instructions_open();
    if (counter < 0) {
        skip(); /* no counters in this processor, or not for us */
    }
    instructions_start(counter);
    work_in_threads(2);
    assert_true(instructions_read(counter) > 100000);
    instructions_close(counter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_threads_made_later),
        cmocka_unit_test(no_counter_counts_nothing),
        cmocka_unit_test(counts_instructions_where_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
