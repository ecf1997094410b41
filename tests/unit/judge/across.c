/* SPDX-License-Identifier: MIT
 *
 * Which findings of several flavors tell one story.
 */
#include "harness/judge/across.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static struct finding *add(struct scenario_result *result, const char *key, const char *site)
{
    struct signature_key words = {.version = SIGNATURE_KEY_VERSION, .quality = SIGNATURE_GOOD};
    struct finding *finding = finding_new(FINDING_CRASH, key, key);
    (void)snprintf(words.key, sizeof words.key, "%s", key);
    if (site != NULL) {
        (void)snprintf(words.related[0], sizeof words.related[0], "site:%s", site);
        words.related_count = 1;
        finding_sign(finding, &words);
    }
    return finding_list_add(&result->findings, finding, 0, 0);
}

static void test_stories(void **state)
{
    (void)state;
    struct scenario scenario = {.trials = 1};
    struct scenario other = {.trials = 1};
    struct scenario_result plain;
    struct scenario_result asan;
    struct scenario_result stranger;
    struct scenario_result *results[] = {&plain, &asan, &stranger};
    result_init(&plain, &scenario, "plain");
    result_init(&asan, &scenario, "asan");
    result_init(&stranger, &other, "tsan");
    struct finding *crash = add(&plain, "crash", "reader");
    struct finding *twin = add(&plain, "crash2", "reader"); /* in the same flavor: another bug */
    struct finding *alone = add(&plain, "hang", "closer");
    struct finding *words = add(&plain, "error/x", NULL);
    struct finding *after_free = add(&asan, "uaf", "reader");
    struct finding *elsewhere = add(&stranger, "race", "closer");
    for (int again = 0; again < 2; again++) {
        across_link(results, 3);
        assert_int_not_equal(crash->story, 0);
        assert_int_equal(after_free->story, crash->story);
        assert_int_equal(twin->story, crash->story); /* through the third */
        assert_int_equal(alone->story, 0);
        assert_int_equal(elsewhere->story, 0);
        assert_int_equal(words->story, 0);
    }
    result_release(&plain);
    result_release(&asan);
    result_release(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
