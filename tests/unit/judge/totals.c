/* SPDX-License-Identifier: MIT
 *
 * A client's totals: right ones are silent, each wrong one is told exactly.
 */
#include "harness/judge/totals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#define LANES 2

struct world {
    struct trial_record record;
    struct finding_list findings;
};

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    trial_init(&world.record);
    assert_int_equal(logbook_create(&world.record.shared, LANES, &world.record.failure), 0);
    world.record.logbook = world.record.shared.memory;
    world.record.lanes = LANES;
    for (uint32_t i = 0; i < LANES; i++) {
        logbook_lane(world.record.logbook, i)->role = LANE_POOL;
        logbook_lane(world.record.logbook, i)->counters.requests_answered = 50;
    }
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    finding_list_clear(&world->findings);
    trial_release(&world->record);
    return 0;
}

static void tell(struct world *world, const char *name, double value)
{
    struct logbook *logbook = world->record.logbook;
    struct client_figure *figure = &logbook->figures[logbook->figure_count++];
    (void)snprintf(figure->name, sizeof figure->name, "%s", name);
    figure->value = value;
}

static const char *only_title(struct world *world)
{
    totals_judge(&world->record, &world->findings);
    assert_int_equal(world->findings.count, 1);
    assert_int_equal(world->findings.items[0]->kind, FINDING_WRONG_TOTAL);
    return world->findings.items[0]->title;
}

static void right_totals_are_silent(void **state)
{
    struct world *world = *state;
    tell(world, "requests", 100);
    tell(world, "buffers.in_use", 0);
    tell(world, "sessions.hits", 17); /* nobody else knows how many */
    tell(world, "in_use", 3);
    totals_judge(&world->record, &world->findings);
    assert_int_equal(world->findings.count, 0);
}

static void lost_requests_are_counted(void **state)
{
    struct world *world = *state;
    tell(world, "requests", 97);
    assert_string_equal(only_title(world),
                        "the client counted 97 requests, the driver 100 responses: 3 lost");
    assert_string_equal(world->findings.items[0]->signature.key, "wrong-total/requests");
}

static void one_too_many_is_wrong_too(void **state)
{
    struct world *world = *state;
    tell(world, "requests", 101);
    assert_string_equal(only_title(world),
                        "the client counted 101 requests, the driver 100 responses: 1 too many");
}

static void what_is_in_use_must_come_back(void **state)
{
    struct world *world = *state;
    tell(world, "buffers.in_use", -2);
    assert_string_equal(
        only_title(world),
        "the client says buffers.in_use is -2 when no instance is left: it must be 0");
}

static void noise_is_no_danger(void **state)
{
    struct world *world = *state;
    struct logbook *logbook = world->record.logbook;
    tell(world, "requests", NAN);
    memset(&logbook->figures[1], 0xa5, sizeof logbook->figures[1]);
    logbook->figure_count = UINT32_MAX;
    (void)only_title(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(right_totals_are_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_requests_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(one_too_many_is_wrong_too, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_in_use_must_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(noise_is_no_danger, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
