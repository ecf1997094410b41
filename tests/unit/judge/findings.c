/* SPDX-License-Identifier: MIT
 *
 * Findings merge by signature; verdicts follow from them.
 */
#include "harness/judge/finding.h"

#include "harness/judge/threshold.h"
#include "harness/judge/verdict.h"
#include "harness/judge/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void test_merge(void **state)
{
    (void)state;
    struct finding_list list = {0};
    struct finding *first = finding_new(FINDING_ERROR, "error/a", "one");
    first->first_connection = 8;
    assert_ptr_equal(finding_list_add(&list, first, 3, 33), first);
    struct finding *again = finding_new(FINDING_ERROR, "error/a", "one");
    again->first_connection = 5;
    assert_ptr_equal(finding_list_add(&list, again, 3, 33), first);
    assert_ptr_equal(finding_list_add(&list, finding_new(FINDING_ERROR, "error/a", "x"), 4, 44),
                     first);
    assert_ptr_not_equal(finding_list_add(&list, finding_new(FINDING_ERROR, "error/b", "x"), 4, 44),
                         first);
    assert_int_equal(list.count, 2);
    assert_int_equal(first->trials, 2);
    assert_int_equal(first->occurrences, 3);
    assert_int_equal(first->first_connection, 5);
    assert_int_equal(first->first_trial, 3);
    assert_int_equal(first->first_seed, 33);
    assert_null(finding_list_add(&list, NULL, 1, 1));

    struct finding_list other = {0};
    (void)finding_list_add(&other, finding_new(FINDING_ERROR, "error/a", "x"), 9, 99);
    finding_list_move(&list, &other, 9, 99);
    assert_int_equal(other.count, 0);
    assert_int_equal(first->trials, 3);
    finding_list_clear(&list);
}

/* The misused descriptor comes before the error that it led to, whichever came first. */
static void test_causes_come_first(void **state)
{
    (void)state;
    struct finding_list list = {0};
    finding_list_sort(&list);
    (void)finding_list_add(&list, finding_new(FINDING_ERROR, "error/a", "1"), 0, 0);
    (void)finding_list_add(&list, finding_new(FINDING_FD_MISUSE, "fd/b", "2"), 0, 0);
    (void)finding_list_add(&list, finding_new(FINDING_ERROR, "error/c", "3"), 0, 0);
    (void)finding_list_add(&list, finding_new(FINDING_CRASH, "crash/d", "4"), 0, 0);
    (void)finding_list_add(&list, finding_new(FINDING_FD_MISUSE, "fd/e", "5"), 0, 0);
    finding_list_sort(&list);
    char order[6] = "";
    for (size_t i = 0; i < list.count; i++) {
        order[i] = list.items[i]->title[0];
    }
    assert_string_equal(order, "42513");
    finding_list_clear(&list);
}

static void test_kind_names(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++) {
        assert_int_equal(finding_kind_named(finding_kind_name((enum finding_kind)kind)), kind);
    }
    assert_int_equal(finding_kind_named("x"), FINDING_KINDS);
}

struct verdict_row {
    uint64_t run;
    uint64_t infra;
    enum finding_kind kinds[3]; /* ended by FINDING_KINDS */
    const char *expected;       /* NULL: nothing is */
    bool interrupted;
    enum verdict verdict;
};

static const struct verdict_row rows[] = {
    {5, 0, {FINDING_KINDS}, NULL, false, VERDICT_PASS},
    {5, 0, {FINDING_CRASH, FINDING_KINDS}, NULL, false, VERDICT_FAIL},
    {20, 1, {FINDING_INFRA, FINDING_KINDS}, NULL, false, VERDICT_PASS},
    {20, 2, {FINDING_INFRA, FINDING_KINDS}, NULL, false, VERDICT_INCONCLUSIVE},
    {20, 2, {FINDING_INFRA, FINDING_LEAK, FINDING_KINDS}, NULL, false, VERDICT_FAIL},
    {1, 1, {FINDING_INFRA, FINDING_KINDS}, NULL, false, VERDICT_INCONCLUSIVE},
    {0, 0, {FINDING_INFRA, FINDING_KINDS}, NULL, false, VERDICT_INCONCLUSIVE},
    {5, 0, {FINDING_KINDS}, NULL, true, VERDICT_INCONCLUSIVE},
    {5, 0, {FINDING_HANG, FINDING_KINDS}, NULL, true, VERDICT_FAIL},
    {5, 0, {FINDING_CRASH, FINDING_KINDS}, "crash", false, VERDICT_PASS},
    {5, 0, {FINDING_KINDS}, "crash", false, VERDICT_FAIL},
    {5, 0, {FINDING_CRASH, FINDING_LEAK, FINDING_KINDS}, "crash", false, VERDICT_FAIL},
    {5, 0, {FINDING_LEAK, FINDING_KINDS}, "crash", false, VERDICT_FAIL},
};

static void check_row(const struct verdict_row *row)
{
    char expected[32] = "";
    char *kinds[] = {expected, NULL};
    struct expectation expectation = {NULL, kinds};
    struct scenario scenario = {.trials = 20};
    struct scenario_result result;
    if (row->expected != NULL) {
        (void)snprintf(expected, sizeof expected, "%s", row->expected);
        scenario.expectations = &expectation;
        scenario.expectation_count = 1;
    }
    result_init(&result, &scenario, "plain");
    result.trials_run = row->run;
    result.trials_infra = row->infra;
    result.interrupted = row->interrupted;
    for (size_t i = 0; row->kinds[i] != FINDING_KINDS; i++) {
        const char *name = finding_kind_name(row->kinds[i]);
        (void)finding_list_add(&result.findings, finding_new(row->kinds[i], name, name), 0, 0);
    }
    verdict_judge(&result, true);
    if (result.verdict != row->verdict) {
        fail_msg("row %td: %s, expected %s (%s)", row - rows, verdict_name(result.verdict),
                 verdict_name(row->verdict), result.reason);
    }
    assert_int_equal(result.reason[0] == '\0', row->verdict == VERDICT_PASS);
    result_release(&result);
}

static void test_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i]);
    }
}

static void test_expectation_of_another_flavor(void **state)
{
    (void)state;
    char crash[] = "crash";
    char asan[] = "asan";
    char *kinds[] = {crash, NULL};
    struct expectation expectation = {asan, kinds};
    struct scenario scenario = {.expectations = &expectation, .expectation_count = 1, .trials = 1};
    struct scenario_result result;
    result_init(&result, &scenario, "plain");
    result.trials_run = 1;
    verdict_judge(&result, true);
    assert_int_equal(result.verdict, VERDICT_PASS);
    result_release(&result);
    result_init(&result, &scenario, "asan");
    result.trials_run = 1;
    verdict_judge(&result, true);
    assert_int_equal(result.verdict, VERDICT_FAIL);
    result_release(&result);
}

static void test_all_together(void **state)
{
    (void)state;
    struct scenario_result pass = {.verdict = VERDICT_PASS};
    struct scenario_result fail = {.verdict = VERDICT_FAIL};
    struct scenario_result unknown = {.verdict = VERDICT_INCONCLUSIVE};
    const struct scenario_result *all[] = {&pass, &unknown, &fail};
    assert_int_equal(verdict_of_all(all, 3), VERDICT_FAIL);
    assert_int_equal(verdict_of_all(all, 2), VERDICT_INCONCLUSIVE);
    assert_int_equal(verdict_of_all(all, 1), VERDICT_PASS);
    assert_int_equal(verdict_of_all(all, 0), VERDICT_INCONCLUSIVE);
    assert_int_equal(verdict_exit_code(VERDICT_PASS), 0);
    assert_int_equal(verdict_exit_code(VERDICT_FAIL), 1);
    assert_int_equal(verdict_exit_code(VERDICT_INCONCLUSIVE), 3);
}

static void test_thresholds(void **state)
{
    (void)state;
    struct scenario scenario = {.trials = 1};
    struct scenario_result result;
    double value = -1;
    scenario.load.clients = 10;
    result_init(&result, &scenario, "plain");
    assert_false(threshold_measure(&result, metric_named("tls.p99"), &value));
    assert_false(threshold_measure(&result, metric_named("errors.rate"), &value));
    for (uint64_t i = 1; i <= 100; i++) {
        histogram_record(&result.latencies[LATENCY_TLS], i * 1000000);
    }
    assert_true(threshold_measure(&result, metric_named("tls.max"), &value));
    assert_float_equal(value, 1e8, 1);
    assert_true(threshold_measure(&result, metric_named("handshake.p50"), &value));
    assert_true(value >= 5e7 && value <= 5e7 * 65 / 64);
    assert_true(threshold_measure(&result, metric_named("tls.mean"), &value));
    assert_float_equal(value, 5.05e7, 1);
    result.counters.connects = 50;
    result.counters.requests = 50;
    result.unexplained_errors = 5;
    assert_true(threshold_measure(&result, metric_named("errors.rate"), &value));
    assert_float_equal(value, 0.05, 1e-9);
    result.run_ns = 2000000000;
    result.counters.cycles_completed = 100;
    assert_true(threshold_measure(&result, metric_named("cycles.rate"), &value));
    assert_float_equal(value, 50, 1e-9);
    result.peak_rss = 3000;
    result.baseline_rss = 1000;
    assert_true(threshold_measure(&result, metric_named("memory.per_instance"), &value));
    assert_float_equal(value, 200, 1e-9);
    result_release(&result);
}

static void test_threshold_states(void **state)
{
    (void)state;
    struct state_row {
        const char *metric;
        enum comparison comparison;
        enum threshold_state whole, interrupted;
    };
    static const struct state_row table[] = {
        {"cycles.failed", LESS, THRESHOLD_BROKEN, THRESHOLD_BROKEN},
        {"cycles.failed", LESS_EQUAL, THRESHOLD_KEPT, THRESHOLD_UNKNOWN},
        {"cycles.failed", EQUAL, THRESHOLD_KEPT, THRESHOLD_UNKNOWN},
        {"cycles.failed", NOT_EQUAL, THRESHOLD_BROKEN, THRESHOLD_UNKNOWN},
        {"cycles.failed", GREATER, THRESHOLD_BROKEN, THRESHOLD_UNKNOWN},
        {"cycles.rate", LESS, THRESHOLD_BROKEN, THRESHOLD_UNKNOWN},
        {"cycles.rate", GREATER_EQUAL, THRESHOLD_KEPT, THRESHOLD_UNKNOWN},
        {"tls.p99", LESS, THRESHOLD_UNKNOWN, THRESHOLD_UNKNOWN},
    };
    struct scenario scenario = {.trials = 1};
    struct scenario_result result;
    double value;
    result_init(&result, &scenario, "plain");
    result.counters.cycles_failed = 5;
    result.counters.cycles_completed = 5;
    result.run_ns = 1000000000;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char metric[32];
        (void)snprintf(metric, sizeof metric, "%s", table[i].metric);
        const struct threshold threshold = {
            .metric = metric, .comparison = table[i].comparison, .value = 5};
        result.trials_run = 1;
        result.interrupted = false;
        result.stop_rule = "trials";
        assert_int_equal(threshold_state(&result, &threshold, &value), table[i].whole);
        result.trials_infra = 1; /* none counts */
        assert_int_equal(threshold_state(&result, &threshold, &value), table[i].interrupted);
        result.trials_infra = 0;
        result.stop_rule = ""; /* it runs */
        assert_int_equal(threshold_state(&result, &threshold, &value), table[i].interrupted);
        result.stop_rule = "interrupted";
        result.interrupted = true;
        assert_int_equal(threshold_state(&result, &threshold, &value), table[i].interrupted);
    }
    result_release(&result);
}

static void test_every_metric_is_measured(void **state)
{
    (void)state;
    struct scenario scenario = {.trials = 1};
    struct scenario_result result;
    scenario.load.clients = 1;
    result_init(&result, &scenario, "plain");
    for (size_t l = 0; l < LATENCIES; l++) {
        histogram_record(&result.latencies[l], 1000);
    }
    result.counters.connects = result.counters.handshakes_full = 1;
    result.counters.cycles_completed = result.run_ns = result.cpu_ns = result.cpu_cycles = 1;
    result.peak_rss = 2;
    result.baseline_rss = 1;
    for (size_t i = 0; i < threshold_metric_count; i++) {
        double value;
        assert_true(threshold_measure(&result, &threshold_metrics[i], &value));
    }
    result_release(&result);
}

static void test_words(void **state)
{
    (void)state;
    struct buffer text = BUFFER_INIT;
    words_duration(&text, 999);
    buffer_puts(&text, "|");
    words_duration(&text, 340000);
    buffer_puts(&text, "|");
    words_duration(&text, 1250000000);
    buffer_puts(&text, "|");
    words_size(&text, 1023);
    buffer_puts(&text, "|");
    words_size(&text, 1572864);
    buffer_puts(&text, "|");
    words_clean(&text, "a\x1b[1m\nb\x7f", 100);
    assert_string_equal(buffer_text(&text), "999 ns|340 us|1.25 s|1023 B|1.50 MiB|a?[1m?b?");
    buffer_clear(&text);
    assert_string_equal(words_phase(2), "tcp");
    assert_string_equal(words_phase(-1), "?");
    assert_string_equal(words_phase(8), "?");
    assert_string_equal(words_class(2), "reset");
    assert_string_equal(words_class(INT64_MAX), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_causes_come_first),
        cmocka_unit_test(test_kind_names),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_expectation_of_another_flavor),
        cmocka_unit_test(test_all_together),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_threshold_states),
        cmocka_unit_test(test_every_metric_is_measured),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
