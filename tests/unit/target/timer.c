/* SPDX-License-Identifier: MIT
 *
 * Timers fire in order, once, and not at all when cancelled.
 */
#include "harness/target/timer.h"

#include "harness/base/prf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 500

static struct timers timers;
static struct timer many[COUNT];
static unsigned fired;
static uint64_t last_due;

static void note(struct timer *timer)
{
    assert_true(timer->due >= last_due);
    assert_int_equal(timer->place, 0);
    last_due = timer->due;
    fired++;
}

static uint64_t draw(uint64_t seed, uint64_t i, uint64_t bound)
{
    return prf_below(prf(seed, PRF_JITTER, i, 0, 0), bound);
}

static int prepare(void **state)
{
    (void)state;
    fired = 0;
    last_due = 0;
    for (size_t i = 0; i < COUNT; i++) {
        many[i] = (struct timer){.fire = note};
    }
    return 0;
}

static int finish(void **state)
{
    (void)state;
    timers_release(&timers);
    assert_int_equal(timers_next(&timers), UINT64_MAX);
    return 0;
}

static void fire_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(timers_set(&timers, &many[i], 1 + draw(1, i, 100)), 0);
    }
    timers_run(&timers, 50);
    assert_true(timers_next(&timers) > 50);
    unsigned early = fired;
    assert_in_range(early, 150, 350);
    timers_run(&timers, 100);
    assert_int_equal(fired, COUNT);
}

/* Against a plain list, with moves and cancellations mixed in. */
static void agree_with_a_list(void **state)
{
    (void)state;
    for (uint64_t turn = 0; turn < 20000; turn++) {
        struct timer *timer = &many[draw(2, turn, COUNT)];
        if (draw(3, turn, 3) == 0) {
            timers_cancel(&timers, timer);
        } else {
            assert_int_equal(timers_set(&timers, timer, 1 + draw(4, turn, 1000)), 0);
        }
        if (turn % 100 == 0) {
            uint64_t first = UINT64_MAX;
            size_t set = 0;
            for (size_t i = 0; i < COUNT; i++) {
                set += many[i].place != 0;
                first = many[i].place != 0 && many[i].due < first ? many[i].due : first;
            }
            assert_int_equal(timers_next(&timers), first);
            assert_int_equal(timers.count, set);
        }
    }
    size_t left = timers.count;
    timers_run(&timers, UINT64_MAX - 1);
    assert_int_equal(fired, left);
}

static struct timer *victim;

static void cancel_the_other(struct timer *timer)
{
    note(timer);
    timers_cancel(&timers, victim);
}

static void a_firing_timer_may_cancel_another(void **state)
{
    (void)state;
    victim = &many[1];
    many[0].fire = cancel_the_other;
    assert_int_equal(timers_set(&timers, &many[0], 5), 0);
    assert_int_equal(timers_set(&timers, &many[1], 6), 0);
    timers_run(&timers, 10);
    assert_int_equal(fired, 1);
    timers_cancel(&timers, victim);
}

static void set_again(struct timer *timer)
{
    note(timer);
    if (fired < 5) {
        assert_int_equal(timers_set(&timers, timer, timer->due + 10), 0);
    }
}

static void a_firing_timer_may_set_itself(void **state)
{
    (void)state;
    many[0].fire = set_again;
    assert_int_equal(timers_set(&timers, &many[0], 10), 0);
    timers_run(&timers, 35);
    assert_int_equal(fired, 3);
    assert_int_equal(timers_next(&timers), 40);
    timers_run(&timers, 1000);
    assert_int_equal(fired, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fire_in_order, prepare, finish),
        cmocka_unit_test_setup_teardown(agree_with_a_list, prepare, finish),
        cmocka_unit_test_setup_teardown(a_firing_timer_may_cancel_another, prepare, finish),
        cmocka_unit_test_setup_teardown(a_firing_timer_may_set_itself, prepare, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
