/* SPDX-License-Identifier: MIT
 *
 * The parts of the driver that need no client: timers, schedules, programs, the gate, the checks.
 */
#include "tests/unit/worker/support.h"

#include "harness/base/pattern.h"
#include "harness/base/prf.h"
#include "harness/worker/checks.h"
#include "harness/worker/gate.h"
#include "harness/worker/instance.h"
#include "harness/worker/program.h"
#include "harness/worker/schedule.h"
#include "harness/worker/timers.h"

#include <pthread.h>

static void timers_come_in_order(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    static struct timer timers[COUNT];
    struct timers heap = {NULL};
    assert_int_equal(timers_next(&heap), 0);
    for (uint64_t i = 0; i < COUNT; i++) {
        timers[i].due = 1 + prf_below(prf(7, PRF_JITTER, i, 0, 0), 500);
        timers_add(&heap, &timers[i]);
        /* Taking in between must not disturb the order of the rest. */
        if (i % 3 == 0) {
            struct timer *timer = timers_take(&heap, UINT64_MAX);
            assert_non_null(timer);
            timer->due += 500;
            timers_add(&heap, timer);
        }
    }
    uint64_t last = 0;
    for (int i = 0; i < COUNT; i++) {
        uint64_t due = timers_next(&heap);
        assert_null(timers_take(&heap, due - 1));
        struct timer *timer = timers_take(&heap, due);
        assert_non_null(timer);
        assert_int_equal(timer->due, due);
        assert_true(due >= last);
        last = due;
    }
    assert_null(timers_take(&heap, UINT64_MAX));
}

static void arrivals_follow_the_rate(void **state)
{
    (void)state;
    struct load_model load = {.rate = 200};
    assert_int_equal(schedule_arrival(&load, 0), 0);
    assert_int_equal(schedule_arrival(&load, 1), 5 * NS_PER_MS);
    assert_int_equal(schedule_arrival(&load, 1000), 5 * NS_PER_S);
    /* From 100/s to 300/s in 10 s: 2,000 arrivals; then 300/s for 1 s. The sum after t seconds is
     * 100 t + 10 t^2: 560 after 4 s. */
    struct load_stage stages[] = {{10 * NS_PER_S, 300}, {NS_PER_S, 300}};
    load = (struct load_model){.rate = 100, .stages = stages, .stage_count = 2};
    assert_int_equal(schedule_arrival(&load, 560), 4 * NS_PER_S);
    assert_int_equal(schedule_arrival(&load, 2000), 10 * NS_PER_S);
    assert_int_equal(schedule_arrival(&load, 2150), 10 * NS_PER_S + NS_PER_S / 2);
    assert_true(schedule_arrival(&load, 2300) == SCHEDULE_NEVER);
    assert_int_equal(schedule_length(&load), 11 * NS_PER_S);
    uint64_t last = 0;
    for (uint64_t n = 1; n < 2300; n++) {
        uint64_t offset = schedule_arrival(&load, n);
        assert_true(offset > last);
        last = offset;
    }
}

static void arrivals_are_counted(void **state)
{
    (void)state;
    static const double rates[] = {0.001, 3, 7, 200, 999999};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct load_model load = {.rate = rates[i]};
        assert_int_equal(schedule_arrivals_before(&load, 0), 0);
        assert_int_equal(schedule_arrivals_before(&load, 1), 1);
        for (uint64_t n = 1; n < 1000; n++) {
            uint64_t offset = schedule_arrival(&load, n);
            assert_int_equal(schedule_arrivals_before(&load, offset), n);
            assert_int_equal(schedule_arrivals_before(&load, offset + 1), n + 1);
        }
    }
}

/* At 100/s, the schedule's zero at 1 s, the drain before arrival 10 (due at 1.1 s), three clients.
 */
static void a_schedule_stands_for_what_a_drain_costs(void **state)
{
    (void)state;
    static const struct {
        uint64_t free[3]; /* ms */
        uint64_t resumed;
        uint64_t pause;
    } items[] = {
        {{1050, 1060, 1070}, 1080, 0},    /* over before the next one was due */
        {{0, 1060, 1070}, 1105, 5},       /* one never had a cycle */
        {{1050, 1060, 9000}, 9010, 7910}, /* a straggler alone does not make the others late */
        {{1104, 1105, 1106}, 1130, 26},   /* 4 ms late, but the next ones would not have been */
        {{1200, 1200, 1200}, 1200, 0},    /* behind, and nothing lost */
        {{1200, 1200, 1200}, 1210, 10},   /* what the harness itself took */
        {{1200, 1230, 1260}, 1260, 30},   /* behind, and a half of the drain lost */
        {{2000, 3000, 4000}, 4010, 1010}, /* far behind */
    };
    struct load_model load = {.rate = 100};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        uint64_t free[3];
        for (size_t k = 0; k < 3; k++) {
            free[k] = items[i].free[k] * NS_PER_MS;
        }
        uint64_t resumed = items[i].resumed * NS_PER_MS;
        assert_int_equal(schedule_pause(&load, NS_PER_S, 10, free, 3, resumed),
                         items[i].pause * NS_PER_MS);
    }
}

static void clients_are_active_along_the_stages(void **state)
{
    (void)state;
    struct load_stage stages[] = {{NS_PER_S, 10}, {NS_PER_S, 10}, {NS_PER_S, 0}, {NS_PER_S, 5}};
    struct load_model load = {.stages = stages, .stage_count = 4};
    assert_int_equal(schedule_activation(&load, 0, 0), NS_PER_S / 10);
    assert_int_equal(schedule_activation(&load, 8, 0), NS_PER_S * 9 / 10);
    assert_int_equal(schedule_activation(&load, 9, 0), NS_PER_S);
    assert_true(schedule_activation(&load, 10, 0) == SCHEDULE_NEVER);
    assert_int_equal(schedule_activation(&load, 3, NS_PER_S * 3 / 2), NS_PER_S * 3 / 2);
    /* On the way down a client is active until the number falls below it; then the next ramp up
     * decides. */
    assert_int_equal(schedule_activation(&load, 4, 2 * NS_PER_S + NS_PER_S / 4),
                     2 * NS_PER_S + NS_PER_S / 4);
    assert_int_equal(schedule_activation(&load, 1, 2 * NS_PER_S + NS_PER_S * 9 / 10),
                     3 * NS_PER_S + NS_PER_S * 2 / 5);
    assert_true(schedule_activation(&load, 6, 2 * NS_PER_S + NS_PER_S / 2) == SCHEDULE_NEVER);
}

static void programs_walk_nested_repeats(void **state)
{
    (void)state;
    struct step innermost[] = {REQUEST("/a")};
    struct step inner[] = {REPEAT(2, innermost), PING()};
    struct step never[] = {PING()};
    struct step steps[] = {CONNECT(), REPEAT(3, inner), REPEAT(0, never), CLOSE()};
    (void)number_steps(steps, 4, 0);
    struct program program;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(program_compile(&program, steps, 4, &failure), 0);
    assert_int_equal(program.loops, 2);
    static const uint16_t expected[] = {0, 3, 3, 4, 3, 3, 4, 3, 3, 4, 7};
    uint32_t loops[2];
    struct position position = {.loops = loops};
    position_start(&position, &program);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(program.code[position.pc].step->index, expected[i]);
        position_advance(&position, &program);
    }
    assert_int_equal(program.code[position.pc].kind, INSTRUCTION_END);
    assert_int_equal(position.iteration, 3 * 1 + 2);
    program_release(&program);

    struct step dropped[] = {CLOSE(.close = CLOSE_NONE)};
    struct step race[] = {RACE(dropped)};
    assert_int_equal(program_compile(&program, race, 1, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
}

enum { PARTIES = 8, GENERATIONS = 500 };

struct gate_test {
    struct gate gate;
    _Atomic uint32_t arrived[GENERATIONS + 1];
    _Atomic uint32_t early;
};

static void *pass_gates(void *argument)
{
    struct gate_test *test = argument;
    for (uint32_t i = 1; i <= GENERATIONS; i++) {
        (void)atomic_fetch_add(&test->arrived[i], 1);
        gate_pass(&test->gate, PARTIES, i);
        if (atomic_load(&test->arrived[i]) != PARTIES) {
            (void)atomic_fetch_add(&test->early, 1);
        }
    }
    return NULL;
}

static void nobody_passes_a_gate_early(void **state)
{
    (void)state;
    static struct gate_test test;
    pthread_t threads[PARTIES];
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, pass_gates, &test), 0);
    }
    for (int i = 0; i < PARTIES; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(test.early, 0);
    assert_true(test.gate.time != 0);
}

static void migration_is_a_function_of_the_seed(void **state)
{
    (void)state;
    struct plan plan = {.seed = 5};
    struct driver driver = {.plan = &plan};
    uint32_t seen[4] = {0};
    uint32_t differs = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        struct instance instance = {.number = i % 50, .cycle = i / 50, .begun = true};
        instance.position.pc = i % 7;
        plan.seed = 5;
        uint32_t first = instance_migrate(&driver, &instance, 4);
        assert_true(first < 4);
        assert_int_equal(instance_migrate(&driver, &instance, 4), first);
        plan.seed = 6;
        differs += instance_migrate(&driver, &instance, 4) != first;
        seen[first]++;
    }
    for (int i = 0; i < 4; i++) {
        assert_in_range(seen[i], 850, 1150);
    }
    assert_in_range(differs, 2800, 3200);
}

static void bodies_are_planned_by_path(void **state)
{
    (void)state;
    struct body_check check;
    struct step step = REQUEST("/bytes/4096?x=1");
    checks_plan(&check, &step, true);
    assert_int_equal(check.source, BODY_PATTERN);
    assert_int_equal(check.length, 4096);
    assert_int_equal(check.capacity, 4096);
    checks_plan(&check, &step, false);
    assert_int_equal(check.source, BODY_ANY);
    step.path = (char *)"/bytes/67108864";
    checks_plan(&check, &step, true);
    assert_int_equal(check.capacity, CHECKS_KEPT);
    step.path = (char *)"/bytes/12x";
    checks_plan(&check, &step, true);
    assert_int_equal(check.source, BODY_ANY);
    step.path = (char *)"/echo";
    step.body = (char *)"hello";
    checks_plan(&check, &step, true);
    assert_int_equal(check.source, BODY_ECHO);
    assert_int_equal(check.capacity, 5);
    step.method = (char *)"HEAD";
    checks_plan(&check, &step, true);
    assert_int_equal(check.source, BODY_ANY);
}

static void bodies_are_compared_byte_by_byte(void **state)
{
    (void)state;
    struct step step = REQUEST("/get");
    struct body_check check = {0};
    char received[] = "hello";
    char text[128];
    struct eighth_response response = {.body = received, .body_capacity = 5, .body_length = 5};
    assert_true(checks_body(&check, &step, &response, NULL, 0, text, sizeof text));
    step.expect.body = (char *)"hello";
    step.expect.body_bytes = 5;
    assert_true(checks_body(&check, &step, &response, NULL, 0, text, sizeof text));
    step.expect.body = (char *)"hellO";
    assert_false(checks_body(&check, &step, &response, NULL, 0, text, sizeof text));
    assert_string_equal(text, "body byte 4 is 0x6f, expected 0x4f");
    step.expect.body_bytes = 6;
    assert_false(checks_body(&check, &step, &response, NULL, 0, text, sizeof text));
    assert_string_equal(text, "body of 5 bytes, expected 6");
    /* Of a body longer than what is kept, the beginning and the length are checked. */
    unsigned char kept[10];
    pattern_fill(kept, 0, sizeof kept);
    struct eighth_response longer = {.body = kept, .body_capacity = 10, .body_length = 1000};
    struct body_check pattern = {BODY_PATTERN, 1000, 10};
    struct step bytes = REQUEST("/bytes/1000");
    assert_true(checks_body(&pattern, &bytes, &longer, NULL, 0, text, sizeof text));
    kept[9] ^= 0x80;
    assert_false(checks_body(&pattern, &bytes, &longer, NULL, 0, text, sizeof text));
}

static void statuses_are_compared(void **state)
{
    (void)state;
    struct step step = REQUEST("/get");
    char text[64];
    assert_true(checks_status(&step, 200, text, sizeof text));
    assert_true(checks_status(&step, 299, text, sizeof text));
    assert_false(checks_status(&step, 300, text, sizeof text));
    assert_false(checks_status(&step, 0, text, sizeof text));
    step.expect.status = 404;
    assert_true(checks_status(&step, 404, text, sizeof text));
    assert_false(checks_status(&step, 200, text, sizeof text));
    assert_string_equal(text, "status 200, expected 404");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_in_order),
        cmocka_unit_test(arrivals_follow_the_rate),
        cmocka_unit_test(arrivals_are_counted),
        cmocka_unit_test(a_schedule_stands_for_what_a_drain_costs),
        cmocka_unit_test(clients_are_active_along_the_stages),
        cmocka_unit_test(programs_walk_nested_repeats),
        cmocka_unit_test(nobody_passes_a_gate_early),
        cmocka_unit_test(migration_is_a_function_of_the_seed),
        cmocka_unit_test(bodies_are_planned_by_path),
        cmocka_unit_test(bodies_are_compared_byte_by_byte),
        cmocka_unit_test(statuses_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
