/* SPDX-License-Identifier: MIT
 *
 * Names that are mangled, names that are not, and names that only begin so.
 */
#include "harness/watch/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *name;
    const char *readable; /* NULL: stays as it is */
};

static const struct row rows[] = {
    {"_ZN3net4Conn4takeIlEET_S2_", "long net::Conn::take<long>(long)"},
    {"_ZN3net4Conn4growEv", "net::Conn::grow()"},
    {"_ZN4core3ptr9read_byte17h0123456789abcdefE", "core::ptr::read_byte::h0123456789abcdef"},
    {"_ZL3addi.constprop.0", "add(int) [clone .constprop.0]"},
    {"_Z", NULL},
    {"_ZN3net", NULL},
    {"_Zebra", NULL},
    {"free", NULL},
    {"", NULL},
    {"i", NULL}, /* "int", if it were a type */
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *readable = demangle(rows[i].name);
        if (rows[i].readable == NULL) {
            assert_null(readable);
        } else {
            assert_non_null(readable);
            assert_string_equal(readable, rows[i].readable);
        }
        free(readable);
    }
}

/* Names come from files that nobody has checked. */
static void test_hostile_names(void **state)
{
    static char name[100000];
    (void)state;
    static const char *const pieces[] = {"P", "N", "I", "St", "F", "T_", "S_", "XspcvT_", "D"};
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        for (size_t length = 10; length < sizeof name; length *= 3) {
            size_t piece = strlen(pieces[p]);
            memcpy(name, "_Z1f", 4);
            for (size_t at = 4; at < length; at++) {
                name[at] = pieces[p][(at - 4) % piece];
            }
            name[length] = '\0';
            free(demangle(name));
        }
    }
    uint32_t number = 1;
    for (unsigned round = 0; round < 20000; round++) {
        static const char letters[] = "_ZNIEKPRLSTDXFJAabcdijlmvx0123456789tsrp";
        size_t length = 3 + round % 60;
        memcpy(name, "_Z", 2);
        for (size_t at = 2; at < length; at++) {
            number = number * 1103515245U + 12345U;
            name[at] = letters[(number >> 16) % (sizeof letters - 1)];
        }
        name[length] = '\0';
        free(demangle(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hostile_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
