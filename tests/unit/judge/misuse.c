/* SPDX-License-Identifier: MIT
 *
 * Who closed whose descriptor, in the words of the title.
 */
#include "harness/judge/misuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

struct row {
    uint32_t owner, owner_cycle;
    uint32_t closer, closer_cycle;
    const char *title;
};

static const struct row rows[] = {
    {3, 1, 8, 1, "descriptor 4 of instance 3 closed by instance 8"},
    {3, 5, 8, 1, "descriptor 4 of instance 3 closed by instance 8"},
    {0, 5, 0, 4, "descriptor 4 of instance 0 closed by instance 0 of an earlier cycle"},
    {0, 5, 0, 6, "descriptor 4 of instance 0 closed by instance 0 of a later cycle"},
    {3, 1, DESCRIPTOR_NOBODY, 0, "descriptor 4 of instance 3 closed by no instance"},
};

static void test_foreign_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trial_record record;
        struct finding_list list = {0};
        struct descriptor_misuse_stacks item = {
            .misuse = {.kind = DESCRIPTOR_FOREIGN_CLOSE,
                       .fd = 4,
                       .count = 1,
                       .now = {.call = DESCRIPTOR_CALL_CLOSE,
                               .instance = rows[i].closer,
                               .cycle = rows[i].closer_cycle},
                       .reopened = {.call = DESCRIPTOR_CALL_SOCKET,
                                    .instance = rows[i].owner,
                                    .cycle = rows[i].owner_cycle}}};
        trial_init(&record);
        record.descriptors.misuses = &item;
        record.descriptors.misuse_count = 1;
        misuse_judge(&record, &list);
        assert_int_equal(list.count, 1);
        const char *title = list.items[0]->title;
        if (strcmp(title, rows[i].title) != 0) {
            fail_msg("row %zu: %s", i, title);
        }
        finding_list_clear(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
