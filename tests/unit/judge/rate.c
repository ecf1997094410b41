/* SPDX-License-Identifier: MIT
 *
 * Rates and medians against values worked out by hand.
 */
#include "harness/judge/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

static void test_median_survival(void **state)
{
    (void)state;
    struct survival all[] = {{30, true}, {10, true}, {20, true}};
    assert_true(fabs(rate_median_survival(all, 3) - 20) < 1e-12);
    struct survival one[] = {{10, true}, {20, false}, {20, false}};
    assert_true(isnan(rate_median_survival(one, 3)));
    /* At risk 6, 5, then 3: 5/6, 4/6, 4/9. */
    struct survival mixed[] = {{1, true}, {2, true}, {3, false}, {4, true}, {9, false}, {9, false}};
    assert_true(fabs(rate_median_survival(mixed, 6) - 4) < 1e-12);
    /* What ended without it at the same time was still at risk: 1/2, not less. */
    struct survival tie[] = {{5, false}, {5, true}};
    assert_true(fabs(rate_median_survival(tie, 2) - 5) < 1e-12);
    assert_true(isnan(rate_median_survival(NULL, 0)));
}

/* A trial with so many cycles, begun; it shows the finding at that connection, or not at all. */
static void add_trial(struct scenario_result *result, uint32_t index, enum trial_outcome outcome,
                      uint32_t connection)
{
    struct trial_record record;
    struct failure failure = FAILURE_INIT;
    trial_init(&record);
    record.index = index;
    assert_int_equal(logbook_create(&record.shared, 1, &failure), 0);
    record.logbook = record.shared.memory;
    record.lanes = 1;
    struct logbook_lane *lane = logbook_lane(record.logbook, 0);
    lane->role = LANE_POOL;
    lane->counters.cycles_started = 100;
    lane->counters.connects = 200; /* two in each cycle */
    if (outcome == OUTCOME_FINDINGS) {
        struct finding *finding = finding_new(FINDING_CRASH, "crash/x", "x");
        finding->first_connection = connection;
        (void)finding_list_add(&result->findings, finding, index, 0);
    }
    if (outcome != OUTCOME_INFRA) {
        result_add_trial(result, &record);
    }
    result_add_outcome(result, &record, outcome);
    rate_note_trial(result, &record);
    trial_release(&record);
}

static void test_rates(void **state)
{
    (void)state;
    struct scenario scenario = {.trials = 5};
    struct scenario_result result;
    struct rates rates;
    result_init(&result, &scenario, "plain");
    add_trial(&result, 0, OUTCOME_CLEAN, 0);
    add_trial(&result, 1, OUTCOME_FINDINGS, 80);
    add_trial(&result, 2, OUTCOME_INFRA, 0);
    add_trial(&result, 3, OUTCOME_FINDINGS, 19);
    add_trial(&result, 4, OUTCOME_FINDINGS, 0); /* nobody knows when: by its end */
    assert_int_equal(rate_trials(&result), 4);
    assert_true(rate_is_untrustworthy(&result));
    rate_of_finding(&result, result.findings.items[0], &rates);
    assert_true(rates.per_cycle);
    assert_int_equal(rates.events, 3);
    assert_int_equal(rates.cycles, 400);
    assert_true(fabs(rates.per_million - 7500) < 1e-9);
    /* Garwood for 3: 0.61867 to 8.76727. */
    assert_true(fabs(rates.interval.low - 0.61867 / 400 * 1e6) < 0.1);
    assert_true(fabs(rates.interval.high - 8.76727 / 400 * 1e6) < 0.1);
    assert_int_equal(rates.seen, 3);
    assert_int_equal(rates.unseen, 1);
    assert_true(fabs(rates.median - 40) < 1e-9);
    assert_true(fabs(rates.median_seen - 40) < 1e-9);
    rate_of_scenario(&result, &rates);
    assert_int_equal(rates.events, 3);
    assert_true(fabs(rates.median - 40) < 1e-9);
    result_release(&result);
}

static void test_nothing_seen(void **state)
{
    (void)state;
    struct scenario scenario = {.trials = 2};
    struct scenario_result result;
    struct rates rates;
    result_init(&result, &scenario, "plain");
    rate_of_scenario(&result, &rates);
    assert_false(rates.per_cycle);
    add_trial(&result, 0, OUTCOME_CLEAN, 0);
    add_trial(&result, 1, OUTCOME_CLEAN, 0);
    rate_of_scenario(&result, &rates);
    assert_int_equal(rates.unseen, 2);
    assert_true(isnan(rates.median) && isnan(rates.median_seen));
    assert_false(rate_is_untrustworthy(&result));
    struct finding *threshold = finding_new(FINDING_THRESHOLD, "threshold/x", "x");
    rate_of_finding(&result, threshold, &rates);
    assert_false(rates.per_cycle);
    finding_free(threshold);
    result_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_survival),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_nothing_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
