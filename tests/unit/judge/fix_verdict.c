/* SPDX-License-Identifier: MIT
 *
 * How many clean trials prove a fix, and every verdict with its twin.
 */
#include "harness/judge/fix_verdict.h"

#include "harness/judge/stat_budget.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

static struct fix_trials trials(uint64_t failed, uint64_t run)
{
    return (struct fix_trials){failed, run, true};
}

static struct fix_answer decide(struct fix_trials before, struct fix_trials after, uint64_t new)
{
    struct fix_answer answer;
    struct fix_row row = {.before = before.failed, .after = after.failed, .judged = true};
    fix_decide(&before, &after, &row, before.failed > 0, new, 0.99, &answer);
    return answer;
}

/* Clopper-Pearson lower bounds, two-sided 95 %: 20/20 .831566, 10/20 .271957, 1/20 .001265. */
static void clean_trials_count_against_the_lower_bound(void **state)
{
    (void)state;
    static const struct {
        uint64_t failed, run, needed;
    } cases[] = {{20, 20, 3}, {10, 20, 15}, {1, 20, 3638}, {0, 20, STAT_NEVER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fix_trials before = trials(cases[i].failed, cases[i].run);
        assert_int_equal(fix_trials_needed(&before, 0.99), cases[i].needed);
    }
    struct fix_trials before = trials(10, 20);
    assert_true(fix_trials_needed(&before, 0.999) > fix_trials_needed(&before, 0.99));
}

static void enough_clean_trials_are_a_fix(void **state)
{
    (void)state;
    struct fix_answer answer = decide(trials(10, 20), trials(0, 15), 0);
    assert_int_equal(answer.verdict, FIX_FIXED);
    assert_int_equal(answer.reason, FIX_NO_REASON);
    assert_int_equal(answer.more, 0);
    assert_true(answer.confidence >= 0.99);
}

static void one_too_few_is_inconclusive(void **state)
{
    (void)state;
    struct fix_answer answer = decide(trials(10, 20), trials(0, 14), 0);
    assert_int_equal(answer.verdict, FIX_INCONCLUSIVE);
    assert_int_equal(answer.reason, FIX_TOO_FEW);
    assert_int_equal(answer.more, 1);
    assert_true(answer.confidence < 0.99 && answer.confidence > 0.98);
}

static void one_failure_refutes(void **state)
{
    (void)state;
    struct fix_answer answer = decide(trials(20, 20), trials(1, 1000), 0);
    assert_int_equal(answer.verdict, FIX_NOT_FIXED);
    assert_int_equal(answer.reason, FIX_STILL_FAILS);
    assert_true(answer.confidence == 0);
    answer = decide(trials(20, 20), trials(1, 1000), 1);
    assert_int_equal(answer.verdict, FIX_NOT_FIXED);
    assert_int_equal(answer.reason, FIX_FAILS_ANEW);
}

static void without_a_failure_before_nothing_is_proved(void **state)
{
    (void)state;
    struct fix_trials before = trials(0, 20);
    struct fix_answer answer = decide(before, trials(0, 100000), 0);
    assert_int_equal(answer.verdict, FIX_INCONCLUSIVE);
    assert_int_equal(answer.reason, FIX_NO_CONTROL);
    assert_int_equal(answer.more, 80);
    assert_true(answer.confidence == 0);
    assert_true(fabs(fix_control_rate(&answer, &before) - .029513) < 1e-5);
    /* Findings of the fixed build are seen all the same. */
    assert_int_equal(decide(before, trials(1, 1), 1).reason, FIX_FAILS_ANEW);
}

static void a_machine_that_fails_decides_nothing(void **state)
{
    (void)state;
    struct fix_trials shaky = {20, 20, false};
    struct fix_answer answer = decide(shaky, trials(0, 100), 0);
    assert_int_equal(answer.verdict, FIX_INCONCLUSIVE);
    assert_int_equal(answer.reason, FIX_UNTRUSTWORTHY);
    assert_int_equal(answer.more, 3);
    shaky = (struct fix_trials){0, 2, false};
    answer = decide(trials(20, 20), shaky, 0);
    assert_int_equal(answer.reason, FIX_UNTRUSTWORTHY);
    assert_int_equal(answer.more, 1);
    shaky.failed = 1;
    assert_int_equal(decide(trials(20, 20), shaky, 0).verdict, FIX_NOT_FIXED);
}

/* A frequent bug says nothing about a rare one: 20/20 takes 3 clean trials, 2/20 takes 371. */
static void the_rarest_bug_decides(void **state)
{
    (void)state;
    struct fix_answer answer;
    struct fix_trials before = trials(20, 20);
    struct fix_trials after = trials(0, 5);
    struct fix_row rows[] = {{.before = 20, .judged = true}, {.before = 2, .judged = true}};
    fix_decide(&before, &after, rows, 2, 0, 0.99, &answer);
    assert_int_equal(answer.reason, FIX_TOO_FEW);
    assert_int_equal(answer.needed, 371);
    assert_int_equal(answer.more, 366);
    assert_int_equal(rows[0].state, FIX_GONE);
    assert_int_equal(rows[1].state, FIX_OPEN);
    assert_int_equal(rows[1].more, 366);
    after.run = 371;
    fix_decide(&before, &after, rows, 2, 0, 0.99, &answer);
    assert_int_equal(answer.verdict, FIX_FIXED);
    assert_true(answer.confidence >= 0.99 && rows[0].confidence > rows[1].confidence);
    rows[1].after = 1;
    fix_decide(&before, &after, rows, 2, 0, 0.99, &answer);
    assert_int_equal(answer.reason, FIX_STILL_FAILS);
    assert_int_equal(rows[0].state, FIX_GONE);
    assert_int_equal(rows[1].state, FIX_BACK);
}

static void what_is_not_judged_decides_nothing(void **state)
{
    (void)state;
    struct fix_answer answer;
    struct fix_trials before = trials(20, 20);
    struct fix_trials after = trials(0, 3);
    struct fix_row rows[] = {{.before = 20, .judged = true}, {.before = 2, .after = 1}};
    fix_decide(&before, &after, rows, 2, 0, 0.99, &answer);
    assert_int_equal(answer.verdict, FIX_FIXED);
    assert_int_equal(rows[1].state, FIX_NOT_JUDGED);
    rows[0].before = 0; /* what is judged was never seen */
    fix_decide(&before, &after, rows, 2, 0, 0.99, &answer);
    assert_int_equal(answer.reason, FIX_NO_CONTROL);
}

static void a_threshold_takes_as_many_trials_as_the_control(void **state)
{
    (void)state;
    struct fix_answer answer;
    struct fix_trials before = trials(0, 20);
    struct fix_trials after = trials(0, 19);
    struct fix_row row = {.before = 1, .judged = true, .whole = true};
    fix_decide(&before, &after, &row, 1, 0, 0.99, &answer);
    assert_int_equal(answer.reason, FIX_TOO_FEW);
    assert_int_equal(answer.more, 1);
    after.run = 20;
    fix_decide(&before, &after, &row, 1, 0, 0.99, &answer);
    assert_int_equal(answer.verdict, FIX_FIXED);
}

static void every_word_is_there(void **state)
{
    (void)state;
    assert_string_equal(fix_verdict_name(FIX_NOT_FIXED), "not fixed");
    assert_string_equal(fix_reason_name(FIX_NO_REASON), "");
    assert_string_equal(fix_reason_name(FIX_UNTRUSTWORTHY), "untrustworthy");
    assert_string_equal(fix_state_name(FIX_NOT_JUDGED), "not judged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_trials_count_against_the_lower_bound),
        cmocka_unit_test(enough_clean_trials_are_a_fix),
        cmocka_unit_test(one_too_few_is_inconclusive),
        cmocka_unit_test(one_failure_refutes),
        cmocka_unit_test(without_a_failure_before_nothing_is_proved),
        cmocka_unit_test(a_machine_that_fails_decides_nothing),
        cmocka_unit_test(the_rarest_bug_decides),
        cmocka_unit_test(what_is_not_judged_decides_nothing),
        cmocka_unit_test(a_threshold_takes_as_many_trials_as_the_control),
        cmocka_unit_test(every_word_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
