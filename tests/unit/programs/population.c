/* SPDX-License-Identifier: MIT
 *
 * Whose turn it is, on a clock that the test moves.
 */
#include "harness/programs/population.h"

#include "harness/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN (1000 * NS_PER_S)

static struct step steps[3];
static char *plain[] = {(char[]){"x"}, NULL};
static char *many[] = {(char[]){"x"}, (char[]){"{cycles}"}, NULL};

static struct scenario make(uint32_t clients, uint64_t cycles)
{
    struct scenario scenario = {.client = {.exec = plain},
                                .load = {.clients = clients, .threads = clients, .cycles = cycles},
                                .steps = steps,
                                .step_count = 1};
    memset(steps, 0, sizeof steps);
    for (uint16_t i = 0; i < 3; i++) {
        steps[i].kind = STEP_RUN;
        steps[i].index = i;
    }
    return scenario;
}

static struct population *open_population(const struct scenario *scenario)
{
    struct population *population = population_make(scenario, 1, BEGIN, NULL);
    assert_non_null(population);
    return population;
}

/* Takes all turns that there are now. */
static size_t take(struct population *population, uint64_t now, struct turn *turns, size_t most)
{
    size_t count = 0;
    while (population_next(population, now, &turns[count])) {
        assert_true(++count < most);
    }
    return count;
}

static void test_together_waits_for_all(void **state)
{
    (void)state;
    struct scenario scenario = make(3, 2);
    struct population *population = open_population(&scenario);
    struct turn turns[8];
    assert_int_equal(take(population, BEGIN, turns, 8), 3);
    assert_true(population_ended(population, &turns[1], true, BEGIN + 1));
    assert_true(population_ended(population, &turns[0], false, BEGIN + 2));
    assert_int_equal(take(population, BEGIN + 3, turns + 3, 5), 0);
    assert_int_equal(population_due(population), POPULATION_NEVER);
    assert_false(population_done(population));
    assert_true(population_ended(population, &turns[2], true, BEGIN + 4));
    assert_int_equal(take(population, BEGIN + 4, turns, 8), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(turns[i].cycle, 1);
        assert_true(turns[i].begins);
        assert_true(population_ended(population, &turns[i], true, BEGIN + 5));
    }
    assert_true(population_done(population));
    population_free(population);
}

static void test_staggered_goes_on_by_itself(void **state)
{
    (void)state;
    struct scenario scenario = make(50, 2);
    scenario.load.start = START_STAGGERED;
    scenario.load.stagger_ns = NS_PER_S;
    struct population *population = open_population(&scenario);
    struct turn turns[64];
    size_t early = take(population, BEGIN + NS_PER_S / 2, turns, 64);
    assert_in_range(early, 10, 40);
    assert_in_range(population_due(population), BEGIN + NS_PER_S / 2, BEGIN + NS_PER_S);
    assert_true(population_ended(population, &turns[0], true, BEGIN + NS_PER_S / 2));
    assert_int_equal(take(population, BEGIN + NS_PER_S / 2, turns + early, 2), 1);
    assert_int_equal(turns[early].instance, turns[0].instance);
    assert_int_equal(turns[early].cycle, 1);
    population_free(population);
}

static void test_rate_is_kept(void **state)
{
    (void)state;
    struct scenario scenario = make(4, 3);
    scenario.load.start = START_RATE;
    scenario.load.rate = 10;
    struct population *population = open_population(&scenario);
    struct turn turns[16];
    assert_int_equal(take(population, BEGIN, turns, 16), 1);
    assert_int_equal(population_due(population), BEGIN + 100 * NS_PER_MS);
    assert_int_equal(take(population, BEGIN + 250 * NS_PER_MS, turns + 1, 8), 2);
    assert_int_equal(turns[2].intended, BEGIN + 200 * NS_PER_MS);
    /* All four run: arrivals wait, and count as of when they were due. */
    assert_int_equal(take(population, BEGIN + 900 * NS_PER_MS, turns + 3, 8), 1);
    assert_true(population_ended(population, &turns[0], true, BEGIN + 900 * NS_PER_MS));
    assert_int_equal(take(population, BEGIN + 900 * NS_PER_MS, turns + 4, 8), 1);
    assert_int_equal(turns[4].intended, BEGIN + 400 * NS_PER_MS);
    size_t begun = 5;
    struct turn last[16];
    for (int i = 1; i <= 4; i++) {
        (void)population_ended(population, &turns[i], true, BEGIN + 9 * NS_PER_S);
    }
    for (size_t more; (more = take(population, BEGIN + 9 * NS_PER_S, last, 16)) > 0;) {
        begun += more;
        for (size_t i = 0; i < more; i++) {
            (void)population_ended(population, &last[i], true, BEGIN + 9 * NS_PER_S);
        }
    }
    assert_int_equal(begun, 12);
    assert_true(population_done(population));
    population_free(population);
}

static void test_steps_and_holds(void **state)
{
    (void)state;
    struct scenario scenario = make(1, 1);
    struct turn turn;
    steps[1].kind = STEP_HOLD;
    steps[1].hold_ns = NS_PER_S;
    scenario.step_count = 3;
    struct population *population = open_population(&scenario);
    assert_true(population_next(population, BEGIN, &turn));
    assert_ptr_equal(turn.step, &steps[0]);
    assert_false(population_ended(population, &turn, true, BEGIN));
    assert_false(population_next(population, BEGIN, &turn));
    assert_int_equal(population_due(population), BEGIN + NS_PER_S);
    assert_true(population_next(population, BEGIN + NS_PER_S, &turn));
    assert_ptr_equal(turn.step, &steps[2]);
    assert_false(turn.begins);
    assert_true(population_ended(population, &turn, true, BEGIN + NS_PER_S));
    assert_true(population_done(population));
    population_free(population);
}

static void test_a_failed_step_ends_its_cycle(void **state)
{
    (void)state;
    struct scenario scenario = make(1, 2);
    struct turn turn;
    scenario.step_count = 3;
    struct population *population = open_population(&scenario);
    assert_true(population_next(population, BEGIN, &turn));
    assert_true(population_ended(population, &turn, false, BEGIN));
    assert_true(population_next(population, BEGIN, &turn));
    assert_int_equal(turn.cycle, 1);
    assert_ptr_equal(turn.step, &steps[0]);
    population_free(population);
}

static void test_the_end(void **state)
{
    (void)state;
    struct scenario scenario = make(2, 1000);
    struct turn turns[4];
    struct population *population = open_population(&scenario);
    assert_int_equal(take(population, BEGIN, turns, 4), 2);
    population_stop(population);
    assert_false(population_done(population));
    (void)population_ended(population, &turns[0], true, BEGIN);
    (void)population_ended(population, &turns[1], true, BEGIN);
    assert_true(population_done(population));
    assert_false(population_next(population, BEGIN, turns));
    population_free(population);

    scenario.load.cycles = 0;
    scenario.load.duration_ns = NS_PER_S;
    population = open_population(&scenario);
    assert_int_equal(take(population, BEGIN, turns, 4), 2);
    for (int i = 0; i < 2; i++) {
        (void)population_ended(population, &turns[i], true, BEGIN + NS_PER_S);
    }
    assert_true(population_done(population));
    population_free(population);

    scenario = make(2, 1000);
    scenario.client.exec = many; /* all cycles in one process */
    population = open_population(&scenario);
    assert_int_equal(take(population, BEGIN, turns, 4), 2);
    for (int i = 0; i < 2; i++) {
        (void)population_ended(population, &turns[i], true, BEGIN);
    }
    assert_true(population_done(population));
    population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together_waits_for_all),
        cmocka_unit_test(test_staggered_goes_on_by_itself),
        cmocka_unit_test(test_rate_is_kept),
        cmocka_unit_test(test_steps_and_holds),
        cmocka_unit_test(test_a_failed_step_ends_its_cycle),
        cmocka_unit_test(test_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
