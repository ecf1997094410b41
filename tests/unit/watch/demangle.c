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
    {"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
    {"_RINvNtC3std3mem8align_ofNtNtC4core3fmt5ErrorEC3foo",
     "std::mem::align_of::<core::fmt::Error>"},
    {"_RNvC6_123foo3bar", "123foo::bar"},
    {"_RNCNvCs1_3net4take0B3_", "net::take::{closure#0}"},
    {"_R", NULL},
    {"_RNvC", NULL},
    {"_Ready", NULL},
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
        static const char letters[] = "_ZNIEKPRLSTDXFJABCMYGQabcdijlmvx0123456789tsrp";
        size_t length = 3 + round % 60;
        memcpy(name, round % 2 == 0 ? "_Z" : "_R", 2);
        for (size_t at = 2; at < length; at++) {
            number = number * 1103515245U + 12345U;
            name[at] = letters[(number >> 16) % (sizeof letters - 1)];
        }
        name[length] = '\0';
        free(demangle(name));
    }
}

static void add_number(char *name, size_t number)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char *at = name + strlen(name);
    size_t more = number - 1; /* "_" is 0, "0_" is 1 */
    if (more >= 62) {
        *at++ = digits[more / 62];
    }
    *at++ = digits[more % 62];
    *at++ = '_';
    *at = '\0';
}

/* Pairs of pairs of pairs: each refers to the one before it twice. */
static void test_names_that_grow_without_end(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 60; depth += 7) {
        char name[1024] = "_RINvC1a1f";
        size_t before = strlen(name) - 2; /* places count from behind "_R" */
        (void)strcat(name, "ThhE");
        for (unsigned i = 0; i < depth; i++) {
            size_t place = strlen(name) - 2;
            (void)strcat(name, "TB");
            add_number(name, before);
            (void)strcat(name, "B");
            add_number(name, before);
            (void)strcat(name, "E");
            before = place;
        }
        (void)strcat(name, "E");
        char *readable = demangle(name);
        assert_true((readable != NULL) == (depth < 8)); /* then it has 6,120 bytes */
        free(readable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_names_that_grow_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
