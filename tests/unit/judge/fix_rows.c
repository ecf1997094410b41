/* SPDX-License-Identifier: MIT
 *
 * Which findings of two builds are one bug, and in how many trials it showed.
 */
#include "harness/judge/fix_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

/* A finding that showed in these trials: bits of a mask. */
static struct finding *show(struct scenario_result *result, const char *key, const char *title,
                            unsigned mask)
{
    struct finding *finding = NULL;
    for (uint32_t trial = 0; trial < 32; trial++) {
        if ((mask & (1U << trial)) != 0) {
            finding = finding_list_add(&result->findings, finding_new(FINDING_CRASH, key, title),
                                       trial, 1);
            finding->onsets =
                realloc(finding->onsets, (finding->onset_count + 1) * sizeof *finding->onsets);
            finding->onsets[finding->onset_count++] = (struct onset){trial, 1};
        }
    }
    return finding;
}

static void make_poor(struct finding *finding)
{
    struct signature_key key = {.quality = SIGNATURE_LOW};
    (void)snprintf(key.key, sizeof key.key, "%s", finding->signature.key);
    finding_sign(finding, &key);
}

static struct trial_summary summaries[8];

static void begin(struct scenario_result *result, uint64_t failed)
{
    *result = (struct scenario_result){
        .trials = summaries,
        .trial_count = 8,
        .trials_run = 8,
        .trials_clean = 8 - failed,
        .trials_with_findings = failed,
    };
    for (uint32_t i = 0; i < 8; i++) {
        summaries[i].index = i;
    }
}

static void each_signature_is_a_row(void **state)
{
    (void)state;
    struct scenario_result old;
    struct scenario_result new;
    struct fix_rows rows;
    begin(&old, 8);
    begin(&new, 1);
    (void)show(&old, "often", "SIGSEGV in often", 0xfb);
    (void)show(&old, "rare", "SIGSEGV in rare", 0x04);
    (void)show(&new, "rare", "SIGSEGV in rare", 0x01);
    (void)show(&new, "other", "SIGSEGV in other", 0x01);
    assert_int_equal(fix_rows_make(&rows, &old, &new, NULL, 0), 0);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.items[0].before, 7);
    assert_int_equal(rows.items[0].after, 0);
    assert_int_equal(rows.items[1].before, 1);
    assert_int_equal(rows.items[1].after, 1);
    assert_true(rows.items[0].judged && rows.items[1].judged);
    assert_int_equal(rows.new_signatures, 1);
    assert_int_equal(fix_trials_after(&new).run, 7);
    fix_rows_release(&rows);
    finding_list_clear(&old.findings);
    finding_list_clear(&new.findings);
}

static void a_pattern_is_one_row_and_the_rest_is_not_judged(void **state)
{
    (void)state;
    struct scenario_result old;
    struct fix_rows rows;
    const char *const patterns[] = {"crash: * in cache_*"};
    begin(&old, 8);
    (void)show(&old, "one", "SIGSEGV in cache_put", 0x03);
    (void)show(&old, "two", "SIGSEGV in cache_take", 0x06);
    (void)show(&old, "rare[*", "SIGSEGV in rare", 0xf8);
    assert_int_equal(fix_rows_make(&rows, &old, NULL, patterns, 1), 0);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.items[0].findings, 2);
    assert_int_equal(rows.items[0].before, 3); /* a trial that showed both counts once */
    assert_true(rows.items[0].judged && !rows.items[1].judged);
    assert_int_equal(rows.spoiled, 5);
    fix_rows_release(&rows);
    const char *const key[] = {"rare[*"}; /* as it is, though as a glob it matches nothing */
    assert_int_equal(fix_rows_make(&rows, &old, NULL, key, 1), 0);
    assert_int_equal(rows.items[0].before, 5);
    fix_rows_release(&rows);
    finding_list_clear(&old.findings);
}

static void poor_ones_of_a_kind_are_one(void **state)
{
    (void)state;
    struct scenario_result old;
    struct scenario_result new;
    struct fix_rows rows;
    begin(&old, 2);
    begin(&new, 1);
    make_poor(show(&old, "0x1 trial 0", "SIGSEGV", 0x01));
    make_poor(show(&old, "0x2 trial 1", "SIGSEGV", 0x02));
    make_poor(show(&new, "0x3 trial 5", "SIGSEGV", 0x20));
    assert_int_equal(fix_rows_make(&rows, &old, &new, NULL, 0), 0);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.items[0].before, 2);
    assert_int_equal(rows.items[0].after, 1);
    assert_int_equal(rows.new_signatures, 0);
    fix_rows_release(&rows);
    finding_list_clear(&old.findings);
    finding_list_clear(&new.findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signature_is_a_row),
        cmocka_unit_test(a_pattern_is_one_row_and_the_rest_is_not_judged),
        cmocka_unit_test(poor_ones_of_a_kind_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
