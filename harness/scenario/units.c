/* SPDX-License-Identifier: MIT
 *
 * Reads numbers with units. Durations and sizes are computed in whole numbers, so that no value
 * changes on its way from text to model.
 */
#include "harness/scenario/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", UINT64_C(1000)},
    {"ms", UINT64_C(1000000)},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"kB", UINT64_C(1000)},
    {"KB", UINT64_C(1000)},
    {"MB", UINT64_C(1000000)},
    {"GB", UINT64_C(1000000000)},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {NULL, 0},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The end of the decimal number that text begins with; NULL if it begins with none. */
static const char *number_end(const char *text)
{
    const char *at = text;
    while (is_digit(*at)) {
        at++;
    }
    if (at == text) {
        return NULL;
    }
    if (*at != '.') {
        return at;
    }
    const char *fraction = ++at;
    while (is_digit(*at)) {
        at++;
    }
    return at == fraction ? NULL : at;
}

/* number * factor, exactly: -1 if that is not whole or above 64 bits. */
static int scale(const char *number, const char *end, uint64_t factor, uint64_t *result)
{
    uint64_t value = 0;
    const char *at = number;
    for (; at < end && *at != '.'; at++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return -1;
        }
    }
    if (__builtin_mul_overflow(value, factor, &value)) {
        return -1;
    }
    /* Each digit after the point needs a factor that ten still divides, but for zeros. */
    uint64_t rest = factor;
    uint64_t numerator = 0;
    uint64_t denominator = 1;
    for (at = at < end ? at + 1 : end; at < end; at++) {
        if (*at == '0' && strspn(at, "0") >= (size_t)(end - at)) {
            break;
        }
        if (denominator > UINT64_C(100000000000000000)) {
            return -1;
        }
        denominator *= 10;
        numerator = numerator * 10 + (uint64_t)(*at - '0');
    }
    __uint128_t product = (__uint128_t)numerator * rest;
    if (product % denominator != 0 ||
        __builtin_add_overflow(value, (uint64_t)(product / denominator), &value)) {
        return -1;
    }
    *result = value;
    return 0;
}

static int read_scaled(const char *text, const struct unit *units, uint64_t *result)
{
    const char *end = number_end(text);
    if (end == NULL) {
        return -1;
    }
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (strcmp(end, unit->name) == 0) {
            return scale(text, end, unit->factor, result);
        }
    }
    return -1;
}

int units_duration(const char *text, uint64_t *ns)
{
    return read_scaled(text, duration_units, ns);
}

int units_size(const char *text, uint64_t *bytes)
{
    return read_scaled(text, size_units, bytes);
}

/* Decimal digits to a double, without the locale's decimal point. At most 15 significant digits
 * count on each side, more would only be rounded. */
static double to_double(const char *at, const char *end)
{
    double value = 0;
    for (; at < end && *at != '.'; at++) {
        value = value * 10 + (*at - '0');
    }
    double numerator = 0;
    double denominator = 1;
    for (at = at < end ? at + 1 : end; at < end && denominator < 1e15; at++) {
        numerator = numerator * 10 + (*at - '0');
        denominator *= 10;
    }
    return value + numerator / denominator;
}

static int read_number(const char *text, double *number, const char **unit)
{
    const char *end = number_end(text);
    if (end == NULL || end - text > 40) {
        return -1;
    }
    *number = to_double(text, end);
    *unit = end;
    return 0;
}

int units_rate(const char *text, double *per_second)
{
    const char *unit;
    double number;
    if (read_number(text, &number, &unit) != 0) {
        return -1;
    }
    if (strcmp(unit, "/s") == 0) {
        *per_second = number;
    } else if (strcmp(unit, "/m") == 0) {
        *per_second = number / 60;
    } else if (strcmp(unit, "/h") == 0) {
        *per_second = number / 3600;
    } else {
        return -1;
    }
    return 0;
}

int units_ratio(const char *text, double *fraction)
{
    const char *unit;
    double number;
    if (read_number(text, &number, &unit) != 0) {
        return -1;
    }
    if (strcmp(unit, "%") == 0) {
        *fraction = number / 100;
        return 0;
    }
    *fraction = number;
    return *unit == '\0' ? 0 : -1;
}

int units_number(const char *text, double *number)
{
    const char *unit;
    return read_number(text, number, &unit) == 0 && *unit == '\0' ? 0 : -1;
}
