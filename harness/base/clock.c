/* SPDX-License-Identifier: MIT
 *
 * The parts of the clock that are too rare to be inline.
 */
#include "harness/base/clock.h"

uint64_t clock_process_cpu(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static struct tm now_in_utc(void)
{
    time_t now = time(NULL);
    struct tm parts = {0};
    (void)gmtime_r(&now, &parts);
    return parts;
}

void clock_rfc3339(char *text, size_t capacity)
{
    struct tm parts = now_in_utc();
    if (strftime(text, capacity, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        text[0] = '\0';
    }
}

void clock_file_stamp(char *text, size_t capacity)
{
    struct tm parts = now_in_utc();
    if (strftime(text, capacity, "%Y%m%dT%H%M%SZ", &parts) == 0) {
        text[0] = '\0';
    }
}
