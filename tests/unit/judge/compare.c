/* SPDX-License-Identifier: MIT
 *
 * Comparisons of made-up sides whose truth is known: what is worse is called so, what is better
 * too, and equal sides raise no more false alarms than they may, however noisy.
 */
#include "harness/judge/compare.h"

#include "tests/unit/judge/stat_check.h"

#include <stdio.h>
#include <string.h>

#define MOST 400

struct made {
    struct compare_side side;
    struct compare_trial trials[MOST];
    struct compare_hit hit;
};

static struct made sides[2];
static struct compare_scenario scenario;
static enum compare_verdict whole;

/* Trials without findings, of which nothing is measured yet. */
static void make(struct made *made, size_t trials)
{
    memset(made, 0, sizeof *made);
    made->side.trials = made->trials;
    made->side.trial_count = made->side.judged = trials;
    for (size_t i = 0; i < trials; i++) {
        struct compare_trial *trial = &made->trials[i];
        trial->index = (uint32_t)i;
        trial->judged = true;
        (void)snprintf(trial->seed, sizeof trial->seed, "%zu", i);
        for (size_t m = 0; m < COMPARE_METRICS; m++) {
            trial->values[m] = NAN;
        }
        trial->slope = stat_no_interval();
    }
}

static void show(struct made *made, const char *key, const char *kind, uint64_t trials)
{
    static char title[] = "a title";
    made->hit = (struct compare_hit){.key = (char *)(uintptr_t)key,
                                     .kind = (char *)(uintptr_t)kind,
                                     .title = title,
                                     .reproduce = title,
                                     .trials = trials};
    made->side.hits = &made->hit;
    made->side.hit_count = trials > 0;
    bool leak = strcmp(kind, "leak") == 0;
    made->side.failed = trials;
    made->side.with_leaks = made->side.with_leaks_only = leak ? trials : 0;
    for (uint64_t i = 0; i < trials; i++) {
        made->trials[i].failed = true;
        made->trials[i].leaked = made->trials[i].leaks_only = leak;
    }
}

static void measure(struct made *made, size_t metric, uint64_t sample, double centre, double sd)
{
    for (size_t i = 0; i < made->side.trial_count; i++) {
        made->trials[i].values[metric] = centre * exp(sd * sample_normal(sample, i));
    }
}

static struct compare_settings paired(void)
{
    struct compare_settings settings;
    compare_settings_init(&settings);
    settings.paired = true;
    return settings;
}

/* Nothing of performance decides. */
static struct compare_settings findings_only(void)
{
    struct compare_settings settings = paired();
    memset(settings.gate.metrics, 0, sizeof settings.gate.metrics);
    return settings;
}

static void judge(const struct compare_settings *settings)
{
    struct failure failure = FAILURE_INIT;
    compare_scenario_release(&scenario);
    assert_int_equal(
        compare_scenario_init(&scenario, &sides[0].side, &sides[1].side, settings, &failure), 0);
    assert_int_equal(compare_judge(&scenario, 1, &whole, &failure), 0);
}

/* The row of the made-up finding; the last one is "any". */
static const struct compare_finding *row(void)
{
    assert_int_equal(scenario.finding_count, 2);
    assert_string_equal(scenario.findings[1].key, "any");
    return &scenario.findings[0];
}

static void crashes(uint64_t a, uint64_t b, uint64_t trials)
{
    struct compare_settings settings = findings_only();
    make(&sides[0], trials);
    make(&sides[1], trials);
    show(&sides[0], "k", "crash", a);
    show(&sides[1], "k", "crash", b);
    judge(&settings);
}

static void test_findings(void **state)
{
    (void)state;
    static const struct {
        uint64_t a, b, trials;
        enum compare_status status;
        enum compare_verdict verdict, whole;
    } cases[] = {
        {0, 12, 100, COMPARE_NEW, COMPARE_REGRESSION, COMPARE_REGRESSION},
        {5, 30, 100, COMPARE_WORSE, COMPARE_REGRESSION, COMPARE_REGRESSION},
        {30, 5, 100, COMPARE_LESS, COMPARE_BETTER, COMPARE_PASS},
        {12, 0, 100, COMPARE_FIXED, COMPARE_BETTER, COMPARE_PASS},
        {20, 20, 100, COMPARE_SAME, COMPARE_PASS, COMPARE_PASS},
        {1, 0, 100, COMPARE_UNDECIDED, COMPARE_PASS, COMPARE_PASS},
        {0, 1, 100, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE, COMPARE_INCONCLUSIVE},
        {0, 2, 20, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE, COMPARE_INCONCLUSIVE},
        {3, 5, 20, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE, COMPARE_INCONCLUSIVE},
        {5, 5, 5, COMPARE_SAME, COMPARE_PASS, COMPARE_INCONCLUSIVE},
        {8, 8, 8, COMPARE_SAME, COMPARE_PASS, COMPARE_PASS},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        crashes(cases[i].a, cases[i].b, cases[i].trials);
        assert_int_equal(row()->status, cases[i].status);
        assert_int_equal(row()->verdict, cases[i].verdict);
        assert_int_equal(whole, cases[i].whole);
    }
    crashes(0, 0, 50);
    assert_int_equal(scenario.finding_count, 0);
    assert_int_equal(whole, COMPARE_PASS);
}

/* A new finding that is not proved by its number becomes a regression by its replays and by trials
 * of the baseline, and only if it is the candidate's. */
static void test_replays(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    crashes(0, 1, 20);
    assert_ptr_equal(compare_wants_replay(&scenario, 0), row());
    assert_null(compare_wants_replay(&scenario, 1));
    static const struct {
        struct compare_replay replay;
        uint64_t needs;
        enum compare_status status;
        enum compare_verdict whole;
    } cases[] = {
        /* At 1 of 20 it takes 90 clean trials to say with 99 % that the baseline has it not. */
        {{10, 0, 10, 3, 0, 0}, 70, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE},
        {{10, 0, 10, 3, 69, 0}, 1, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE},
        {{10, 0, 10, 3, 70, 0}, 0, COMPARE_NEW, COMPARE_REGRESSION},
        {{10, 0, 10, 3, 9, 1}, 0, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE},
        {{30, 15, 30, 15, 70, 0}, 0, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE},
        {{30, 0, 30, 0, 70, 0}, 0, COMPARE_UNDECIDED, COMPARE_INCONCLUSIVE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        crashes(0, 1, 20);
        compare_add_replay(&scenario, "k", &cases[i].replay);
        assert_int_equal(compare_judge(&scenario, 1, &whole, &failure), 0);
        assert_int_equal(compare_replay_needs(row()), cases[i].needs);
        assert_int_equal(row()->status, cases[i].status);
        assert_int_equal(whole, cases[i].whole);
    }
}

/* ceil(ln 0.05 / ln(1 - rate)) clean replays of the baseline: 9 at 3 of 11, 98 at 3 of 101. */
static void test_replays_that_prove(void **state)
{
    (void)state;
    static const struct {
        struct compare_replay replay;
        bool reproduces;
    } cases[] = {
        {{10, 0, 10, 3, 0, 0}, true},    {{10, 0, 10, 2, 0, 0}, false},
        {{10, 1, 10, 9, 0, 0}, false},   {{30, 0, 30, 2, 0, 0}, false},
        {{30, 0, 30, 3, 0, 0}, true},    {{100, 0, 100, 3, 0, 0}, true},
        {{100, 0, 100, 2, 0, 0}, false}, {{0, 0, 0, 0, 0, 0}, false},
        {{30, 0, 30, 0, 0, 0}, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(compare_replay_reproduces(&cases[i].replay), cases[i].reproduces);
    }
}

/* A build against itself that shows one bug in one of fifty replays, at the counts where a
 * comparison asks. */
static void test_replays_of_equal_sides(void **state)
{
    (void)state;
    static const double rates[] = {0.02, 0.06, 0.15, 0.5};
    static const uint64_t asked[] = {10, 30, 100};
    for (size_t r = 0; r < COUNT_OF(rates); r++) {
        int reproduced = 0;
        for (uint64_t run = 0; run < 2000; run++) {
            struct compare_replay replay = {0};
            bool wrong = false;
            for (size_t k = 0; k < COUNT_OF(asked) && !wrong; k++) {
                while (replay.a_run < asked[k]) {
                    uint64_t i = replay.a_run;
                    replay.a_hits += sample_unit(70000 + r * 4000 + 2 * run, i) < rates[r];
                    replay.b_hits += sample_unit(70001 + r * 4000 + 2 * run, i) < rates[r];
                    replay.a_run++;
                    replay.b_run++;
                }
                wrong = compare_replay_reproduces(&replay);
            }
            reproduced += wrong;
        }
        assert_true(reproduced <= 2000 * 7 / 100);
    }
}

/* Both of a row's tests are adjusted, the e-value too. */
static void test_e_values_are_adjusted(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    crashes(2, 12, 200);
    scenario.findings[0].p_worse = scenario.findings[1].p_worse = 1;
    scenario.findings[1].e_value = 1;
    scenario.findings[0].e_value = 399; /* two rows, two tests: 400 is enough */
    assert_int_equal(compare_judge(&scenario, 1, &whole, &failure), 0);
    assert_int_not_equal(whole, COMPARE_REGRESSION);
    scenario.findings[0].e_value = 401;
    assert_int_equal(compare_judge(&scenario, 1, &whole, &failure), 0);
    assert_int_equal(whole, COMPARE_REGRESSION);
}

/* What was not measured, or could not have been seen, does not pass. */
static void test_nothing_measured(void **state)
{
    (void)state;
    struct compare_settings settings = paired();
    make(&sides[0], 30);
    make(&sides[1], 30);
    judge(&settings);
    assert_int_equal(whole, COMPARE_INCONCLUSIVE);
    settings.same_build = true;
    judge(&settings);
    assert_int_equal(whole, COMPARE_PASS);
    settings = findings_only();
    judge(&settings);
    assert_int_equal(whole, COMPARE_PASS);
    settings.gate.named[1] = settings.gate.metrics[1] = true;
    judge(&settings);
    assert_int_equal(whole, COMPARE_INCONCLUSIVE);
    measure(&sides[0], 1, 1, 500, 0.001);
    judge(&settings);
    assert_int_equal(scenario.figures[1].verdict, COMPARE_INCONCLUSIVE);
    assert_string_equal(scenario.figures[1].note, "nothing above 0 on the candidate");
    measure(&sides[1], 1, 2, 500, 0.001);
    judge(&settings);
    assert_int_equal(whole, COMPARE_PASS);
    settings = findings_only();
    make(&sides[0], 3);
    make(&sides[1], 3);
    judge(&settings);
    assert_int_equal(whole, COMPARE_INCONCLUSIVE);
    assert_non_null(strstr(scenario.reason, "too few trials"));
    settings.gate.crashes = settings.gate.leaks = false;
    judge(&settings);
    assert_int_equal(whole, COMPARE_PASS);
}

/* The sequential test decides on all findings together; a known one needs no proof of its own. */
static void test_sequential(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    static const struct {
        enum stat_sprt_outcome outcome;
        enum compare_verdict whole;
    } cases[] = {{STAT_SPRT_WORSE, COMPARE_REGRESSION},
                 {STAT_SPRT_NOT_WORSE, COMPARE_PASS},
                 {STAT_SPRT_CONTINUE, COMPARE_INCONCLUSIVE}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        crashes(4, 6, 20);
        struct compare_sequential test = {true, 3, cases[i].outcome, 4, 6};
        compare_set_sequential(&scenario, &test);
        assert_int_equal(compare_judge(&scenario, 1, &whole, &failure), 0);
        assert_int_equal(whole, cases[i].whole);
    }
}

static void test_gates(void **state)
{
    (void)state;
    struct compare_settings settings = findings_only();
    settings.gate.crashes = false;
    make(&sides[0], 50);
    make(&sides[1], 50);
    show(&sides[0], "k", "crash", 0);
    show(&sides[1], "k", "crash", 25);
    judge(&settings);
    assert_int_equal(scenario.findings[0].verdict, COMPARE_REGRESSION);
    assert_false(scenario.findings[0].gated);
    assert_int_equal(whole, COMPARE_PASS);
    show(&sides[1], "k", "leak", 25);
    judge(&settings);
    assert_int_equal(whole, COMPARE_REGRESSION);
    assert_string_equal(scenario.findings[1].title, "any leak");
    /* The row of all counts what may fail: no leak then. */
    settings = findings_only();
    settings.gate.leaks = false;
    judge(&settings);
    assert_int_equal(whole, COMPARE_PASS);
    assert_int_equal(scenario.finding_count, 1);
}

static void test_too_much_infra(void **state)
{
    (void)state;
    struct compare_settings settings = findings_only();
    make(&sides[0], 50);
    make(&sides[1], 50);
    sides[1].side.infra = 5;
    judge(&settings);
    assert_int_equal(whole, COMPARE_INCONCLUSIVE);
    sides[1].side.infra = 1;
    judge(&settings);
    assert_int_equal(whole, COMPARE_PASS);
}

/* A worked example of pairs: ratio, interval and p, by what decides a comparison. */
static void test_ratio_of_pairs(void **state)
{
    (void)state;
    static const double a[] = {100, 104, 98, 110, 101, 99, 103, 107};
    static const double b[] = {108, 109, 105, 119, 104, 107, 111, 112};
    struct compare_settings settings = paired();
    settings.margins[0] = 0;
    make(&sides[0], COUNT_OF(a));
    make(&sides[1], COUNT_OF(a));
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        sides[0].trials[i].values[0] = a[i];
        sides[1].trials[i].values[0] = b[i];
    }
    judge(&settings);
    const struct compare_figure *figure = &scenario.figures[0];
    assert_near(figure->estimate, 1.064024, 1e-6);
    assert_interval(figure->interval, 1.046729, 1.080808, 1e-6);
    assert_near(2 * figure->p_worse, 0.0078125, 1e-12);
    assert_near(figure->sd, 0.018986571881636244, 1e-12);
}

/* Pairs that share the machine's state of the moment; B is 3 % slower in truth. */
static void test_coverage_of_pairs(void **state)
{
    (void)state;
    enum { RUNS = 2000, PAIRS = 10 };
    struct compare_settings settings = paired();
    int held = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        make(&sides[0], PAIRS);
        make(&sides[1], PAIRS);
        for (uint64_t i = 0; i < PAIRS; i++) {
            double moment = 50 * exp(0.2 * sample_normal(run, i));
            sides[0].trials[i].values[0] = moment * exp(0.04 * sample_normal(run, 100 + i));
            sides[1].trials[i].values[0] = moment * 1.03 * exp(0.04 * sample_normal(run, 200 + i));
        }
        judge(&settings);
        const struct stat_interval *interval = &scenario.figures[0].interval;
        held += interval->low <= 1.03 && 1.03 <= interval->high;
    }
    print_message("coverage at 0.95: ratio of pairs %.4f\n", (double)held / RUNS);
    assert_near((double)held / RUNS, 0.951, 0.015);
}

static const struct compare_figure *cpu(double ratio, double sd, bool is_paired, uint64_t sample)
{
    struct compare_settings settings = paired();
    settings.paired = is_paired;
    make(&sides[0], 20);
    make(&sides[1], 20);
    measure(&sides[0], 0, 2 * sample, 500, sd);
    measure(&sides[1], 0, 2 * sample + 1, 500 * ratio, sd);
    judge(&settings);
    return &scenario.figures[0];
}

static void test_figures(void **state)
{
    (void)state;
    for (int is_paired = 0; is_paired < 2; is_paired++) {
        const struct compare_figure *figure = cpu(1.1, 0.02, is_paired, 1);
        assert_int_equal(figure->verdict, COMPARE_REGRESSION);
        assert_true(figure->interval.low < 1.1 && 1.1 < figure->interval.high);
        assert_int_equal(whole, COMPARE_REGRESSION);
        assert_int_equal(cpu(0.9, 0.02, is_paired, 2)->verdict, COMPARE_BETTER);
        assert_int_equal(whole, COMPARE_PASS);
        assert_int_equal(cpu(1.0, 0.02, is_paired, 3)->verdict, COMPARE_PASS);
        assert_int_equal(cpu(1.03, 0.02, is_paired, 4)->verdict, COMPARE_INCONCLUSIVE);
        assert_true(compare_wants_more(&scenario));
        assert_int_equal(whole, COMPARE_INCONCLUSIVE);
        assert_int_equal(scenario.figures[1].verdict, COMPARE_SKIPPED);
    }
}

/* What the table says that it would have seen, it sees in about 90 % of comparisons. */
static void test_detectable(void **state)
{
    (void)state;
    double detectable = cpu(1, 0.03, true, 5)->detectable;
    int seen = 0;
    assert_true(detectable > 1.04 && detectable < 1.09);
    for (uint64_t i = 0; i < 300; i++) {
        seen += cpu(detectable, 0.03, true, 100 + i)->verdict == COMPARE_REGRESSION;
    }
    assert_in_range(seen, 225, 300);
}

static void test_same_build_and_few_trials(void **state)
{
    (void)state;
    struct compare_settings settings = paired();
    settings.gate.crashes = settings.gate.leaks = false;
    make(&sides[0], 5);
    make(&sides[1], 5);
    measure(&sides[0], 0, 1, 500, 0.01);
    measure(&sides[1], 0, 2, 900, 0.01);
    judge(&settings);
    assert_int_equal(scenario.figures[0].verdict, COMPARE_INCONCLUSIVE);
    settings.same_build = true;
    judge(&settings);
    assert_int_equal(scenario.figures[0].verdict, COMPARE_SKIPPED);
    assert_int_equal(whole, COMPARE_PASS);
}

/* Single trials, as of a soak: the bounds of the slopes within them. */
static void test_slopes(void **state)
{
    (void)state;
    size_t heap = compare_metric_named("heap.per_cycle");
    struct compare_settings settings;
    compare_settings_init(&settings);
    make(&sides[0], 1);
    make(&sides[1], 1);
    sides[0].trials[0].values[heap] = 0;
    sides[0].trials[0].slope = (struct stat_interval){-4, 4};
    sides[1].trials[0].values[heap] = 64;
    sides[1].trials[0].slope = (struct stat_interval){60, 68};
    judge(&settings);
    assert_int_equal(scenario.figures[heap].verdict, COMPARE_REGRESSION);
    sides[1].trials[0].values[heap] = 2;
    sides[1].trials[0].slope = (struct stat_interval){-3, 6};
    judge(&settings);
    assert_int_equal(scenario.figures[heap].verdict, COMPARE_PASS);
}

/* Equal sides, all metrics noisy (log standard deviation 0.3, far beyond the margins) and crashing
 * in a twentieth of the trials: at most one false alarm in a hundred. */
static void test_equal_sides(void **state)
{
    (void)state;
    struct compare_settings settings = paired();
    int alarms = 0;
    for (uint64_t run = 0; run < 400; run++) {
        uint64_t hits[2] = {0, 0};
        for (size_t s = 0; s < 2; s++) {
            make(&sides[s], 20);
            for (size_t m = 0; m < COMPARE_METRICS; m++) {
                measure(&sides[s], m, 10000 + (run * COMPARE_METRICS + m) * 2 + s, 500, 0.3);
            }
            for (uint64_t i = 0; i < 20; i++) {
                hits[s] += sample_unit(90000 + run * 2 + s, i) < 0.05;
            }
            show(&sides[s], "k", "crash", hits[s]);
        }
        judge(&settings);
        alarms += whole == COMPARE_REGRESSION;
    }
    assert_true(alarms <= 4);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(compare_metric_named("handshake.p50"), compare_metric_named("tls.p50"));
    assert_int_equal(compare_metric_named("tls.p5"), COMPARE_METRICS);
    assert_int_equal(compare_metric_named("handshake.p50 and far too long a name"),
                     COMPARE_METRICS);
    for (size_t i = 0; i < COMPARE_METRICS; i++) {
        assert_int_equal(compare_metric_named(compare_metrics[i].name), i);
    }
}

static int release(void **state)
{
    (void)state;
    compare_scenario_release(&scenario);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_findings, release),
        cmocka_unit_test_teardown(test_replays, release),
        cmocka_unit_test(test_replays_that_prove),
        cmocka_unit_test(test_replays_of_equal_sides),
        cmocka_unit_test_teardown(test_e_values_are_adjusted, release),
        cmocka_unit_test_teardown(test_nothing_measured, release),
        cmocka_unit_test_teardown(test_sequential, release),
        cmocka_unit_test_teardown(test_gates, release),
        cmocka_unit_test_teardown(test_too_much_infra, release),
        cmocka_unit_test_teardown(test_ratio_of_pairs, release),
        cmocka_unit_test_teardown(test_coverage_of_pairs, release),
        cmocka_unit_test_teardown(test_figures, release),
        cmocka_unit_test_teardown(test_detectable, release),
        cmocka_unit_test_teardown(test_same_build_and_few_trials, release),
        cmocka_unit_test_teardown(test_slopes, release),
        cmocka_unit_test_teardown(test_equal_sides, release),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
