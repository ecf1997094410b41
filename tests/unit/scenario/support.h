/* SPDX-License-Identifier: MIT
 *
 * What the tests of scenarios share: parsing a text in one call.
 */
#ifndef TESTS_SCENARIO_SUPPORT_H
#define TESTS_SCENARIO_SUPPORT_H

#include "harness/scenario/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/** The one scenario of a text that must be right; the caller frees it. */
static inline struct scenario *parse_one(const char *text)
{
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    if (scenario_parse(&list, "folder/test.json", text, strlen(text), NULL, 0, &failure) != 0) {
        fail_msg("%s\nin: %s", failure.text, text);
    }
    assert_int_equal(list.count, 1);
    struct scenario *scenario = list.items[0];
    list.items[0] = NULL;
    scenario_list_clear(&list);
    return scenario;
}

/** Parses a text that must be wrong; the message goes to *failure. */
static inline void parse_wrong(struct failure *failure, const char *text,
                               const char *const *overrides, size_t count)
{
    struct scenario_list list = SCENARIO_LIST_INIT;
    memset(failure, 0, sizeof *failure);
    int status = scenario_parse(&list, "test.json", text, strlen(text), overrides, count, failure);
    if (status == 0) {
        fail_msg("accepted: %s", text);
    }
    assert_int_equal(failure->kind, FAILURE_USAGE);
    assert_int_equal(list.count, 0);
    assert_null(list.items);
}

#endif
