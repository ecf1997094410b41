/* SPDX-License-Identifier: MIT
 *
 * Values with units: each text and what it means, each wrong text refused.
 */
#include "harness/scenario/units.h"
#include "tests/unit/scenario/support.h"

#include <math.h>

struct whole_case {
    const char *text;
    uint64_t value;
};

static void test_durations(void **state)
{
    (void)state;
    static const struct whole_case cases[] = {
        {"0s", 0},
        {"1ns", 1},
        {"100us", 100000},
        {"250ms", 250000000},
        {"30s", UINT64_C(30000000000)},
        {"5m", UINT64_C(300000000000)},
        {"2h", UINT64_C(7200000000000)},
        {"1.5s", 1500000000},
        {"0.000000001s", 1},
        {"1.50s", 1500000000},
        {"1.0ns", 1},
        {"007ms", 7000000},
        {"18446744073709551615ns", UINT64_MAX},
        {"1.0000000000000000000000000000s", 1000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 99;
        if (units_duration(cases[i].text, &value) != 0) {
            fail_msg("refused %s", cases[i].text);
        }
        assert_int_equal(value, cases[i].value);
    }
}

static void test_wrong_durations(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "s",
        "5",
        "-5s",
        "+5s",
        "5 s",
        " 5s",
        "5s ",
        "5S",
        "5sec",
        "1e3s",
        ".5s",
        "5.s",
        "1.2.3s",
        "5d",
        "0.5ns",
        "0.0000000001s",
        "18446744073709551616ns",
        "99999999999h",
        "0x5s",
        "5,0s",
        "5us0",
        "1.0000000000000000000000000001s",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t value = 0;
        if (units_duration(texts[i], &value) == 0) {
            fail_msg("accepted %s", texts[i]);
        }
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct whole_case cases[] = {
        {"0B", 0},           {"512B", 512},     {"64KiB", 65536},    {"1MiB", 1 << 20},
        {"2GB", 2000000000}, {"1GiB", 1 << 30}, {"3kB", 3000},       {"3KB", 3000},
        {"5MB", 5000000},    {"1.5KiB", 1536},  {"0.5GiB", 1 << 29}, {"0.001kB", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 99;
        if (units_size(cases[i].text, &value) != 0) {
            fail_msg("refused %s", cases[i].text);
        }
        assert_int_equal(value, cases[i].value);
    }
    static const char *const wrong[] = {
        "", "64", "64K", "64kib", "64 KiB", "0.3B", "1TB", "99999999999999GiB", "0.0001kB"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint64_t value = 0;
        if (units_size(wrong[i], &value) == 0) {
            fail_msg("accepted %s", wrong[i]);
        }
    }
}

struct real_case {
    const char *text;
    double value;
};

static void expect_real(int (*read)(const char *, double *), const struct real_case *cases,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = -1;
        int status = read(cases[i].text, &value);
        if (isnan(cases[i].value)) {
            if (status == 0) {
                fail_msg("accepted %s", cases[i].text);
            }
            continue;
        }
        if (status != 0 || fabs(value - cases[i].value) > 1e-12 * (1 + cases[i].value)) {
            fail_msg("%s: %d, %.17g instead of %.17g", cases[i].text, status, value,
                     cases[i].value);
        }
    }
}

static void test_reals(void **state)
{
    (void)state;
    static const struct real_case rates[] = {
        {"200/s", 200}, {"3000/m", 50}, {"1.5/s", 1.5}, {"36/h", 0.01}, {"0/s", 0},
        {"200", NAN},   {"/s", NAN},    {"200/d", NAN}, {"-1/s", NAN},  {"200 /s", NAN},
    };
    static const struct real_case ratios[] = {
        {"0.1%", 0.001}, {"95%", 0.95}, {"0.5", 0.5}, {"100%", 1},
        {"%", NAN},      {"5 %", NAN},  {"-1%", NAN}, {"5%%", NAN},
    };
    static const struct real_case numbers[] = {
        {"0", 0},       {"12", 12},
        {"2.25", 2.25}, {"", NAN},
        {"1s", NAN},    {"1e3", NAN},
        {"nan", NAN},   {"00000000000000000000000000000000000000000000000000", NAN},
    };
    expect_real(units_rate, rates, sizeof rates / sizeof *rates);
    expect_real(units_ratio, ratios, sizeof ratios / sizeof *ratios);
    expect_real(units_number, numbers, sizeof numbers / sizeof *numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_wrong_durations),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
