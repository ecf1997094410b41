/* SPDX-License-Identifier: MIT
 *
 * Bugs of undefined behaviour that go on running; two overflow in the same words.
 */
#include "common.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

static volatile int number = INT_MAX;
static volatile int sink;

static int window_add(int window, int more)
{
    return window + more;
}

static int budget_add(int budget, int more)
{
    int sum = budget + more;
    sink++;
    return sum;
}

static void overflow_window(void)
{
    sink = window_add(number, 16);
}

static void overflow_budget(void)
{
    sink = budget_add(number, 16);
}

static unsigned mask_of(unsigned bits)
{
    return 1U << bits;
}

static void shift_too_far(void)
{
    sink = 40;
    sink = (int)mask_of((unsigned)sink);
}

static int frames_in(int bytes, int size)
{
    return bytes / size;
}

static void divide_by_zero_size(void)
{
    static volatile int zero;
    sink = frames_in(number, zero != 0 ? zero : INT_MIN + INT_MAX + 1);
}

static int kind_at(unsigned index)
{
    static int kinds[4] = {1, 2, 3, 4};
    return kinds[index % 8];
}

static void index_too_far(void)
{
    sink = 4;
    sink = kind_at((unsigned)sink);
}

static uint32_t length_at(const unsigned char *bytes)
{
    return *(const uint32_t *)(const void *)bytes;
}

static void load_misaligned(void)
{
    static unsigned char bytes[16];
    sink = 1;
    sink = (int)length_at(bytes + sink);
}

struct flags {
    bool sent;
};

static int is_sent(const struct flags *flags)
{
    return flags->sent ? 1 : 2;
}

static void load_bool(void)
{
    static struct flags flags;
    memset(&flags, 7, sizeof(flags));
    sink = is_sent(&flags);
}

static int seconds_of(double duration)
{
    return (int)duration;
}

static void convert_too_much(void)
{
    sink = 1;
    sink = seconds_of(1e30 * sink);
}

static int negate(int value)
{
    return -value;
}

static void negate_too_much(void)
{
    sink = negate(-number - 1);
}

static const struct corpus_bug bugs[] = {
    {"overflow-window", overflow_window},
    {"overflow-budget", overflow_budget},
    {"shift-too-far", shift_too_far},
    {"divide-by-zero-size", divide_by_zero_size},
    {"index-too-far", index_too_far},
    {"load-misaligned", load_misaligned},
    {"load-bool", load_bool},
    {"convert-too-much", convert_too_much},
    {"negate-too-much", negate_too_much},
};

int main(int count, char **values)
{
    return corpus_main(count, values, bugs, sizeof(bugs) / sizeof(bugs[0]));
}
